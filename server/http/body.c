/* body.c - a body is collected, to a limit, handed on, or thrown away. */
#include "exchange.h"

#include "../log.h"

static void drop_body(struct latd_exchange *x)
{
    x->discarded += x->body.len;
    atomic_fetch_sub(&x->http->buffered, x->body.len);
    lat_buf_fini(&x->body);
}

static enum lat_code keep(struct latd_exchange *x, const char *data, size_t len)
{
    const struct latd_config *c = &x->http->app->config;
    uint64_t all;

    if (x->body.len + len > c->max_body_bytes)
        return latd_exchange_too_large(x, x->body.len + len, "at least ");
    all = atomic_fetch_add(&x->http->buffered, len) + len;
    lat_buf_put(&x->body, data, len);
    if (x->body.failed) {
        atomic_fetch_sub(&x->http->buffered, len);
        return lat_fail(&x->req.err, LAT_ENOMEM, "the body");
    }
    if (all > c->max_buffered_bytes)
        return lat_fail_word(&x->req.err, LAT_EFULL, "overloaded",
                             "bodies of %llu bytes are being read, at most "
                             "%llu at once (max-buffered-bytes)",
                             (unsigned long long)all,
                             (unsigned long long)c->max_buffered_bytes);
    return LAT_OK;
}

/* So much of a body that is refused is read. */
static uint64_t patience(const struct latd_exchange *x)
{
    if (x->req.body_max)
        return x->req.body_max;
    return 2 * x->http->app->config.max_body_bytes;
}

bool latd_exchange_read_on(const struct latd_exchange *x)
{
    return !latd_req_header(&x->req, "Expect") &&
           latd_exchange_content_length(x) <= patience(x);
}

/* A body that is taken as it comes may be long, and then take longer: so many
 * seconds for each MiB. */
static bool is_late(const struct latd_exchange *x)
{
    const uint64_t seconds = x->http->app->config.body_timeout;

    return latd_now_ns() - x->arrived_ns >
           seconds * 1000000000u * (1 + (x->taken >> 20));
}

static enum lat_code take(struct latd_exchange *x, const char *data, size_t len)
{
    if (!x->handler->take)
        return keep(x, data, len);
    x->taken += len;
    return x->handler->take(&x->req, data, len);
}

enum MHD_Result latd_exchange_collect(struct latd_exchange *x, const char *data,
                                      size_t *len)
{
    if (is_late(x)) {
        latd_log(LATD_INFO, "%s: the body took too long (body-timeout is %llu)",
                 x->req.id,
                 (unsigned long long)x->http->app->config.body_timeout);
        return MHD_NO;
    }
    if (x->code == LAT_OK && !latd_req_header(&x->req, "Content-Length"))
        latd_auth_charge(x->http->app->auth, x->who.name, *len);
    if (x->code == LAT_OK)
        x->code = take(x, data, *len);
    if (x->code) {
        drop_body(x);
        x->discarded += *len;
    }
    *len = 0;
    return x->discarded > patience(x) ? MHD_NO : MHD_YES;
}
