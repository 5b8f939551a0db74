/* aliases.c - names that stand for models: looked at, moved, taken away. */
#include "../aliases.h"
#include "../api.h"
#include "../wire.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static void encode(struct lat_buf *out, const struct latd_alias *a)
{
    const struct latd_wire_alias body = {.name = a->name,
                                         .model = a->model,
                                         .previous = a->previous,
                                         .created_at = a->created_at,
                                         .changed_at = a->changed_at};

    latd_wire_alias_encode(out, &body);
}

/* As GET's body has it. */
static enum lat_code tag_of(char tag[LAT_DIGEST_HEX],
                            const struct latd_alias *a, struct lat_err *err)
{
    struct lat_buf b = {0};
    bool failed;

    encode(&b, a);
    latd_body_tag(tag, &b);
    failed = b.failed;
    lat_buf_fini(&b);
    return failed ? lat_fail(err, LAT_ENOMEM, "an alias") : LAT_OK;
}

/* ---- looked at --------------------------------------------------------- */

struct listing {
    struct lat_buf *out;
    size_t n;
};

static void on_alias(void *arg, const struct latd_alias *a)
{
    struct listing *l = arg;

    if (l->n++)
        lat_buf_puts(l->out, ",");
    encode(l->out, a);
}

static enum lat_code index_reply(struct latd_req *req)
{
    struct listing l = {&req->reply.body, 0};
    struct latd_rows *rows;
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    lat_buf_puts(l.out, "{\"object\":\"list\",\"data\":[");
    rows = latd_database_borrow(req->app->database);
    code = latd_rows_aliases(rows, on_alias, &l, &req->err);
    latd_database_return(req->app->database, rows);
    if (code)
        return code;
    lat_buf_puts(l.out, "]}");
    latd_reply_etag_body(req);
    return LAT_OK;
}

static enum lat_code get_reply(struct latd_req *req)
{
    struct latd_alias a = {.name = ""};
    struct latd_rows *rows;
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    rows = latd_database_borrow(req->app->database);
    code = latd_rows_alias_get(rows, &a, req->param, &req->err);
    latd_database_return(req->app->database, rows);
    if (code)
        return code;
    encode(&req->reply.body, &a);
    latd_reply_etag_body(req);
    return LAT_OK;
}

/* ---- moved ------------------------------------------------------------- */

struct put {
    struct latd_alias alias;
    bool created;
};

/* Like the name of a model, but never one with a version, nor that of one that
 * was trained here. */
static enum lat_code check_name(struct latd_req *req)
{
    const char *name = req->param;
    size_t len = strlen(name);

    if (len > 0 && len < LATD_ALIAS_NAME &&
        strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                     "0123456789._-") == len)
        return LAT_OK;
    return lat_fail(&req->err, LAT_EINVAL,
                    "%.80s is no name for an alias: letters, digits and . _ "
                    "-, at most %d",
                    name, LATD_ALIAS_NAME - 1);
}

/* What it is to stand for is settled now: a version, not the highest one. */
static enum lat_code put_begin(struct latd_req *req)
{
    const struct latd_body body = {
        .type = "application/json", .data = req->body, .len = req->body_len};
    char name[LATD_MODEL_MAX];
    struct latd_model *m = NULL;
    struct put *p;
    enum lat_code code = latd_req_database(req);

    if (!code)
        code = check_name(req);
    if (!code)
        code = latd_wire_alias_decode(name, sizeof(name), &body, &req->err);
    if (!code)
        code = latd_models_ref(req->app->models, name, &m, &req->err);
    if (code)
        return code;
    p = req->state = lat_calloc(1, sizeof(*p));
    if (p) {
        snprintf(p->alias.name, sizeof(p->alias.name), "%.64s", req->param);
        snprintf(p->alias.model, sizeof(p->alias.model), "%s", m->id);
    }
    latd_model_unref(m);
    return p ? LAT_OK : lat_fail(&req->err, LAT_ENOMEM, "an alias");
}

/* The client's conditions on the alias as it stands.  model: what it is to
 * stand for; NULL: to go. */
static enum lat_code check_match(struct latd_req *req, struct latd_rows *rows,
                                 const char *model)
{
    struct latd_alias a = {.name = ""};
    struct lat_err err = {0};
    char tag[LAT_DIGEST_HEX];
    enum lat_code code = latd_rows_alias_get(rows, &a, req->param, &err);

    if (code == LAT_ENOENT)
        return latd_req_match(req, NULL, false);
    if (!code)
        code = tag_of(tag, &a, &err);
    if (!code)
        return latd_req_match(req, tag, model && strcmp(a.model, model) == 0);
    req->err = err;
    return code;
}

/* Models are deleted on this thread, so one that is here now stays until the
 * row is there, and then it is not deleted any more. */
static enum lat_code put_store(struct latd_req *req, struct latd_rows *rows)
{
    struct put *p = req->state;
    struct latd_model *m = NULL;
    enum lat_code code =
        latd_models_ref(req->app->models, p->alias.model, &m, &req->err);

    latd_model_unref(m);
    if (!code)
        code = check_match(req, rows, p->alias.model);
    if (!code)
        code = latd_rows_alias_put(rows, &p->alias, time(NULL), &p->created,
                                   &req->err);
    return code ? code
                : latd_aliases_after(req->app->aliases, rows, p->alias.name,
                                     p->alias.model, &req->err);
}

static enum lat_code put_reply(struct latd_req *req)
{
    struct put *p = req->state;
    char tag[LAT_DIGEST_HEX];

    encode(&req->reply.body, &p->alias);
    latd_body_tag(tag, &req->reply.body);
    latd_reply_header(&req->reply, "ETag", "\"%s\"", tag);
    req->reply.status = p->created ? 201 : 200;
    return LAT_OK;
}

static void put_end(struct latd_req *req)
{
    lat_free(req->state);
}

/* ---- taken away -------------------------------------------------------- */

static enum lat_code delete_begin(struct latd_req *req)
{
    return latd_req_database(req);
}

static enum lat_code delete_store(struct latd_req *req, struct latd_rows *rows)
{
    enum lat_code code = check_match(req, rows, NULL);

    if (!code)
        code = latd_rows_alias_delete(rows, req->param, &req->err);
    return code ? code
                : latd_aliases_after(req->app->aliases, rows, req->param, NULL,
                                     &req->err);
}

static enum lat_code delete_reply(struct latd_req *req)
{
    struct lat_buf *b = &req->reply.body;

    lat_buf_puts(b, "{\"object\":\"alias\",\"name\":");
    latd_write_string(b, req->param);
    lat_buf_puts(b, ",\"deleted\":true}");
    return LAT_OK;
}

const struct latd_handler latd_aliases_index = {.reply = index_reply};
const struct latd_handler latd_aliases_get = {.reply = get_reply};
const struct latd_handler latd_aliases_put = {
    .begin = put_begin, .store = put_store, .reply = put_reply, .end = put_end};
const struct latd_handler latd_aliases_delete = {
    .begin = delete_begin, .store = delete_store, .reply = delete_reply};
