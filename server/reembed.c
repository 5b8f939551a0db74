/* reembed.c - see reembed.h. */
#define _GNU_SOURCE /* nice */
#include "reembed.h"

#include "api/recordings/draft.h"
#include "log.h"
#include "store/reembed.h"

#include <pthread.h>
#include <semaphore.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { PAUSE_S = 1 };

struct latd_reembedder {
    struct latd_app *app;
    pthread_t thread;
    pthread_mutex_t lock; /* all that follows */
    pthread_cond_t changed;
    bool woken, stopping;
};

/* ---- one recording --------------------------------------------------------
 */

/* A request of our own: nobody is behind it. */
struct own_request {
    struct latd_req req; /* first */
    struct latd_drafts drafts;
    sem_t done;
};

static const char *no_value(const struct latd_req *req, enum latd_place place,
                            const char *name)
{
    (void)req;
    (void)place;
    (void)name;
    return NULL;
}

static void on_done(struct latd_batch *b)
{
    struct own_request *o =
        (struct own_request *)((char *)b -
                               offsetof(struct own_request, req.batch));

    sem_post(&o->done);
}

/* As http does it: submit, then wait for the last hold. */
static enum lat_code compute(struct own_request *o)
{
    enum lat_code code = LAT_OK;

    if (o->req.compute)
        code = latd_infer_submit(o->req.app->infer, &o->req.batch, &o->req.err);
    if (code)
        latd_infer_cancel(o->req.app->infer, &o->req.batch, LAT_ECANCEL);
    latd_batch_release(&o->req.batch);
    while (sem_wait(&o->done))
        ;
    return code;
}

/* The vectors that model makes of the waveform of r, in o's only draft. */
static enum lat_code embed(struct own_request *o, struct latd_app *app,
                           const struct latd_recording *r, const char *model,
                           struct lat_err *err)
{
    struct lat_buf text = {0};
    struct latd_body body = {.type = "application/json"};
    enum lat_code code;

    *o = (struct own_request){.req = {.app = app, .get = no_value}};
    sem_init(&o->done, 0, 0);
    latd_batch_init(&o->req.batch, on_done);
    latd_wire_reembed_body(&text, r, model);
    body.data = text.v;
    body.len = text.len;
    code = text.failed ? lat_fail(err, LAT_ENOMEM, "waveform")
                       : latd_drafts_init(&o->drafts, 1, &o->req);
    if (!code)
        code = latd_drafts_add(&o->drafts, &o->req, &body, r->id);
    if (code && o->drafts.n)
        *err = o->drafts.v[0].err;
    if (!code) {
        code = latd_drafts_begin(&o->drafts, &o->req);
        if (!code)
            code = compute(o);
        else
            latd_batch_release(&o->req.batch);
        if (code)
            *err = o->req.err;
    }
    if (!code) {
        code = latd_drafts_build(&o->drafts, 0);
        if (code)
            *err = o->drafts.v[0].err;
    }
    lat_buf_fini(&text);
    return code;
}

static void own_request_fini(struct own_request *o)
{
    latd_drafts_fini(&o->drafts);
    sem_destroy(&o->done);
}

/* ---- what is written ------------------------------------------------------
 */

struct step {
    struct latd_change change; /* first */
    const struct latd_reembedding *t;
    const struct latd_recording *r; /* as it was read; NULL: only save */
    const struct latd_embedding *e; /* NULL: it could not be embedded */
};

static enum lat_code step_run(struct latd_change *c, struct latd_rows *rows,
                              struct lat_err *err)
{
    struct step *s = (struct step *)(void *)c;
    enum lat_code code = LAT_OK;

    if (s->e)
        code = latd_recordings_embed(rows, s->r->id, s->r->etag, s->e, err);
    if (!code && s->e && s->t->drops && s->t->source[0])
        code = latd_recordings_drop(rows, s->r->id, s->t->source, err);
    return code ? code : latd_reembed_save(rows, s->t, err);
}

static enum lat_code save(struct latd_reembedder *r,
                          const struct latd_reembedding *t,
                          const struct latd_recording *of,
                          const struct latd_embedding *e, struct lat_err *err)
{
    struct step s = {.change = {.run = step_run}, .t = t, .r = of, .e = e};

    return latd_database_write_wait(r->app->database, &s.change, err);
}

/* ---- all of them ----------------------------------------------------------
 */

static bool is_stopping(struct latd_reembedder *r)
{
    bool stopping;

    pthread_mutex_lock(&r->lock);
    stopping = r->stopping;
    pthread_mutex_unlock(&r->lock);
    return stopping;
}

static enum lat_code read_next(struct latd_reembedder *r,
                               const struct latd_reembedding *t, char *id,
                               struct latd_recording *out, struct lat_err *err)
{
    struct latd_rows *rows = latd_database_borrow(r->app->database);
    enum lat_code code = latd_reembed_next(id, rows, t, err);

    if (!code && *id)
        code = latd_recordings_get(out, rows, id, LATD_WITH_WAVEFORM, err);
    latd_database_return(r->app->database, rows);
    return code;
}

/* It lies in the recording: it is skipped, and the others go on. */
static bool is_its_own(enum lat_code code)
{
    return code == LAT_EUNFIT || code == LAT_EINVAL || code == LAT_EFORMAT ||
           code == LAT_ETOOBIG || code == LAT_ENONFINITE || code == LAT_EMATCH;
}

/* One recording, and how far it is then.  LAT_EFULL: try again later. */
static enum lat_code next(struct latd_reembedder *r, struct latd_reembedding *t,
                          struct lat_err *err)
{
    struct latd_recording rec = {0};
    struct own_request *o;
    char id[LATD_RECORDING_ID];
    enum lat_code code = read_next(r, t, id, &rec, err);

    if (code)
        return code;
    if (!*id) {
        strcpy(t->state, "succeeded");
        return save(r, t, NULL, NULL, err);
    }
    o = lat_calloc(1, sizeof(*o));
    code = o ? embed(o, r->app, &rec, t->model, err)
             : lat_fail(err, LAT_ENOMEM, "recording");
    if (!code || is_its_own(code)) {
        struct latd_reembedding after = *t;
        const struct latd_embedding *e =
            code ? NULL : &o->drafts.v[0].r.embeddings[0];

        strcpy(after.last, id);
        after.done += code == LAT_OK;
        after.skipped += code != LAT_OK;
        if (code)
            snprintf(after.error, sizeof(after.error), "%.80s: %.300s", id,
                     err->msg);
        code =
            e && strcmp(e->digest, t->digest) != 0
                ? lat_fail(err, LAT_ENOENT, "model %s is another now", t->model)
                : save(r, &after, &rec, e, err);
        if (!code)
            *t = after;
    }
    if (o)
        own_request_fini(o);
    lat_free(o);
    latd_recording_fini(&rec);
    return code;
}

/* A moment, or until we stop. */
static void pause_for(struct latd_reembedder *r, time_t seconds)
{
    struct timespec until;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += seconds;
    pthread_mutex_lock(&r->lock);
    if (!r->stopping)
        pthread_cond_timedwait(&r->changed, &r->lock, &until);
    pthread_mutex_unlock(&r->lock);
}

static void give_up(struct latd_reembedder *r, struct latd_reembedding *t,
                    const struct lat_err *why)
{
    struct lat_err err = {0};

    strcpy(t->state, "failed");
    snprintf(t->error, sizeof(t->error), "%s", why->msg);
    latd_log(LATD_ERROR, "%s: %s", t->id, why->msg);
    if (save(r, t, NULL, NULL, &err))
        latd_log(LATD_ERROR, "%s: %s", t->id, err.msg);
}

static void work(struct latd_reembedder *r)
{
    struct latd_reembedding t;
    struct latd_rows *rows = latd_database_borrow(r->app->database);
    struct lat_err err = {0};
    bool found = false;
    enum lat_code code = latd_reembed_running(&found, rows, &t, &err);

    latd_database_return(r->app->database, rows);
    if (code)
        latd_log(LATD_ERROR, "reembed: %s", err.msg);
    while (!code && found && strcmp(t.state, "running") == 0 &&
           !is_stopping(r)) {
        err = (struct lat_err){0};
        code = next(r, &t, &err);
        if (code == LAT_EFULL || code == LAT_EMATCH) {
            pause_for(r, PAUSE_S); /* much to do, or it was changed: again */
            code = LAT_OK;
        } else if (code && code != LAT_EBUSY) {
            give_up(r, &t, &err);
        }
    }
    if (!code && found && strcmp(t.state, "succeeded") == 0)
        latd_log(LATD_INFO, "%s: %llu recordings embedded by %s, %llu skipped",
                 t.id, (unsigned long long)t.done, t.model,
                 (unsigned long long)t.skipped);
}

static void *run(void *arg)
{
    struct latd_reembedder *r = arg;

    if (nice(19) == -1)
        latd_log(LATD_DEBUG, "reembed: not at a low priority");
    pthread_mutex_lock(&r->lock);
    while (!r->stopping) {
        if (!r->woken) {
            pthread_cond_wait(&r->changed, &r->lock);
            continue;
        }
        r->woken = false;
        pthread_mutex_unlock(&r->lock);
        work(r);
        pthread_mutex_lock(&r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

/* ---- start and stop -------------------------------------------------------
 */

enum lat_code latd_reembedder_start(struct latd_reembedder **out,
                                    struct latd_app *app, struct lat_err *err)
{
    struct latd_reembedder *r;

    if (!app->database)
        return LAT_OK;
    r = lat_calloc(1, sizeof(*r));
    if (!r)
        return lat_fail(err, LAT_ENOMEM, "reembed");
    r->app = app;
    r->woken = true; /* what an earlier run left */
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    if (pthread_create(&r->thread, NULL, run, r)) {
        pthread_cond_destroy(&r->changed);
        pthread_mutex_destroy(&r->lock);
        lat_free(r);
        return lat_fail(err, LAT_ENOMEM, "reembed: no thread");
    }
    *out = r;
    return LAT_OK;
}

void latd_reembedder_wake(struct latd_reembedder *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->woken = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
}

void latd_reembedder_stop(struct latd_reembedder *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    lat_free(r);
}
