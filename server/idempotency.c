/* idempotency.c - see idempotency.h */
#include "idempotency.h"

#include "store/answers.h"

#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { KEY_MAX = 255 };

struct latd_idempotency {
    pthread_mutex_t lock;
    struct latd_claim *held; /* few: requests in flight with a key */
};

enum lat_code latd_idempotency_new(struct latd_idempotency **out,
                                   struct lat_err *err)
{
    struct latd_idempotency *i = lat_calloc(1, sizeof(*i));

    if (!i)
        return lat_fail(err, LAT_ENOMEM, "idempotency");
    pthread_mutex_init(&i->lock, NULL);
    *out = i;
    return LAT_OK;
}

void latd_idempotency_free(struct latd_idempotency *i)
{
    if (!i)
        return;
    pthread_mutex_destroy(&i->lock);
    lat_free(i);
}

/* False when somebody else holds the key. */
static bool hold(struct latd_claim *c)
{
    struct latd_claim *other;

    pthread_mutex_lock(&c->room->lock);
    other = c->room->held;
    while (other && strcmp(other->key, c->key) != 0)
        other = other->next;
    if (!other) {
        c->next = c->room->held;
        c->room->held = c;
        c->held = true;
    }
    pthread_mutex_unlock(&c->room->lock);
    return c->held;
}

void latd_idempotency_release(struct latd_claim *c)
{
    struct latd_claim **at;

    if (!c->held)
        return;
    pthread_mutex_lock(&c->room->lock);
    at = &c->room->held;
    while (*at != c)
        at = &(*at)->next;
    *at = c->next;
    c->held = false;
    pthread_mutex_unlock(&c->room->lock);
}

static enum lat_code read_key(struct latd_claim *c, const char *key,
                              const char *operation, const char *who,
                              struct lat_err *err)
{
    size_t len = strlen(key);
    bool plain = len > 0 && len <= KEY_MAX;

    for (size_t i = 0; plain && i < len; i++)
        plain = key[i] > 0x20 && key[i] < 0x7f;
    if (!plain)
        return lat_fail(err, LAT_EINVAL,
                        "Idempotency-Key is not 1 to %d printable characters",
                        KEY_MAX);
    snprintf(c->key, sizeof(c->key), "%s %s %s", operation, who ? who : "",
             key);
    return LAT_OK;
}

/* What was answered before becomes the reply. */
static enum lat_code replay(struct latd_claim *c, struct latd_req *req,
                            const struct latd_answer *a)
{
    if (memcmp(a->digest, c->digest, LAT_DIGEST) != 0)
        return lat_fail_word(&req->err, LAT_EUNFIT, "idempotency_key_reused",
                             "this Idempotency-Key came with another request "
                             "before");
    req->reply.status = a->status;
    lat_buf_puts(&req->reply.body, a->body);
    latd_reply_header(&req->reply, "Idempotent-Replayed", "true");
    c->replayed = true;
    return LAT_OK;
}

static enum lat_code look_up(struct latd_claim *c, struct latd_req *req)
{
    struct latd_database *db = req->app->database;
    struct latd_rows *rows = latd_database_borrow(db);
    struct latd_answer a = {.body = NULL};
    bool found = false;
    enum lat_code code =
        latd_rows_answer_get(&found, &a, rows, c->key, time(NULL), &req->err);

    latd_database_return(db, rows);
    if (!code && found)
        code = replay(c, req, &a);
    lat_free(a.body);
    return code;
}

enum lat_code latd_idempotency_claim(struct latd_claim *c, struct latd_req *req,
                                     const char *operation,
                                     const uint8_t digest[LAT_DIGEST])
{
    const char *key = latd_req_header(req, "Idempotency-Key");
    enum lat_code code;

    if (!key)
        return LAT_OK;
    c->room = req->app->idempotency;
    memcpy(c->digest, digest, LAT_DIGEST);
    code = read_key(c, key, operation, req->key, &req->err);
    if (code)
        return code;
    if (!hold(c))
        return lat_fail_word(&req->err, LAT_EBUSY, "request_in_progress",
                             "the first request with this Idempotency-Key is "
                             "not answered yet");
    /* Held first: an answer cannot appear between looking and holding. */
    return look_up(c, req);
}

enum lat_code latd_idempotency_keep(const struct latd_claim *c,
                                    struct latd_rows *rows, unsigned status,
                                    const char *body, struct lat_err *err)
{
    struct latd_answer a = {.status = status, .body = (char *)body};

    if (!c->key[0])
        return LAT_OK;
    memcpy(a.digest, c->digest, LAT_DIGEST);
    return latd_rows_answer_put(rows, c->key, &a, time(NULL), err);
}
