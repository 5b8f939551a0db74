/*
 * models_remove.c - DELETE of a model: at once for whoever asks from now on,
 * answered when its last reader is gone.
 */
#include "../aliases.h"
#include "../api.h"
#include "../wire.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

enum { LOOK_NS = 20000000 };

/* Once off the table, the loop's until it releases the batch. */
struct removal {
    struct latd_req *req;
    struct latd_model *model; /* a reference of ours */
    bool removed;
    bool given_up; /* it still has readers */
    uint64_t until_ns;
    struct latd_watch watch;
    struct latd_task begin;
};

static enum lat_code begin(struct latd_req *req)
{
    struct removal *r;
    char stands_for[LATD_MODEL_MAX];
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    if (latd_aliases_find(req->app->aliases, req->param, stands_for))
        return lat_fail(&req->err, LAT_EBUSY,
                        "%.64s is an alias of %.111s: delete the alias, or "
                        "the model by its own name",
                        req->param, stands_for);
    r = req->state = lat_calloc(1, sizeof(*r));
    if (!r)
        return lat_fail(&req->err, LAT_ENOMEM, "a removal");
    r->req = req;
    return latd_models_ref(req->app->models, req->param, &r->model, &req->err);
}

/* ---- the wait, on the loop thread --------------------------------------- */

/* Looks again after a while, until a reader is left or time is up. */
static void on_look(struct latd_watch *w, enum lat_code why)
{
    struct removal *r =
        (struct removal *)((char *)w - offsetof(struct removal, watch));
    struct latd_loop *loop = r->req->app->loop;
    bool gone = latd_model_readers(r->model) == 0;
    uint64_t now = latd_now_ns();

    latd_loop_unwatch(loop, w);
    if (!gone && why == LAT_ETIMEOUT && now < r->until_ns) {
        *w = (struct latd_watch){
            .fd = -1, .deadline_ns = now + LOOK_NS, .over = on_look};
        latd_loop_watch(loop, w);
        return;
    }
    r->given_up = !gone;
    latd_batch_release(&r->req->batch);
}

static void run_begin(struct latd_task *task)
{
    struct removal *r =
        (struct removal *)((char *)task - offsetof(struct removal, begin));

    r->watch = (struct latd_watch){
        .fd = -1, .deadline_ns = latd_now_ns() + 1, .over = on_look};
    latd_loop_watch(r->req->app->loop, &r->watch);
}

/* ---- the removal, on the store thread ----------------------------------- */

static enum lat_code check_aliases(struct latd_req *req, struct latd_rows *rows,
                                   const char *id)
{
    struct latd_alias a;
    bool found = false;
    enum lat_code code = latd_rows_alias_of(rows, id, &found, &a, &req->err);

    if (code || !found)
        return code;
    return lat_fail_word(&req->err, LAT_EBUSY, "model_in_use",
                         "alias %s stands for %s: move or delete the alias "
                         "first",
                         a.name, id);
}

/* Here, so that no alias is given to it meanwhile. */
static enum lat_code store(struct latd_req *req, struct latd_rows *rows)
{
    struct removal *r = req->state;
    enum lat_code code;

    if (r->removed)
        return LAT_OK; /* run again, after a neighbour's failure */
    code = check_aliases(req, rows, r->model->id);
    if (!code)
        code = latd_models_delete(req->app->models, r->model, &req->err);
    if (code)
        return code;
    r->removed = true;
    r->until_ns = latd_now_ns() + req->app->config.timeout_ms * 1000000u;
    r->begin.run = run_begin;
    latd_batch_hold(&req->batch);
    latd_loop_post(req->app->loop, &r->begin);
    return LAT_OK;
}

static enum lat_code reply(struct latd_req *req)
{
    struct removal *r = req->state;
    struct lat_buf *b = &req->reply.body;

    if (r->given_up)
        return lat_fail_word(&req->err, LAT_ETIMEOUT, "deadline_exceeded",
                             "%s is deleted, but %u readers are not done with "
                             "it yet (timeout-ms); its memory goes with the "
                             "last",
                             r->model->id, latd_model_readers(r->model));
    lat_buf_puts(b, "{\"id\":");
    latd_write_string(b, r->model->id);
    lat_buf_puts(b, ",\"object\":\"model\",\"deleted\":true}");
    return LAT_OK;
}

static void end(struct latd_req *req)
{
    struct removal *r = req->state;

    if (!r)
        return;
    latd_model_unref(r->model);
    lat_free(r);
}

const struct latd_handler latd_models_remove = {
    .begin = begin, .store = store, .reply = reply, .end = end};
