/* body.c - a body is collected, to a limit, or thrown away. */
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

bool latd_exchange_read_on(const struct latd_exchange *x)
{
    uint64_t limit = 2 * x->http->app->config.max_body_bytes;

    return !latd_req_header(&x->req, "Expect") &&
           latd_exchange_content_length(x) <= limit;
}

enum MHD_Result latd_exchange_collect(struct latd_exchange *x, const char *data,
                                      size_t *len)
{
    const struct latd_config *c = &x->http->app->config;
    uint64_t age = latd_now_ns() - x->arrived_ns;

    if (age > c->body_timeout * 1000000000u) {
        latd_log(LATD_INFO, "%s: the body took over %llu s (body-timeout)",
                 x->req.id, (unsigned long long)c->body_timeout);
        return MHD_NO;
    }
    if (x->code == LAT_OK && !latd_req_header(&x->req, "Content-Length"))
        latd_auth_charge(x->http->app->auth, x->who.name, *len);
    if (x->code == LAT_OK)
        x->code = keep(x, data, *len);
    if (x->code) {
        drop_body(x);
        x->discarded += *len;
    }
    *len = 0;
    return x->discarded > 2 * c->max_body_bytes ? MHD_NO : MHD_YES;
}
