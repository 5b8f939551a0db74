/* pages.c - lists that come page by page. */
#include "pages.h"

#include "../wire.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LIMIT_MAX = 100 };

enum lat_code latd_page_read(struct latd_page *page, struct latd_req *req,
                             size_t by_default)
{
    const char *limit = latd_req_query(req, "limit");
    char *end = NULL;
    unsigned long n = limit ? strtoul(limit, &end, 10) : by_default;

    if (limit && (end == limit || *end || n < 1 || n > LIMIT_MAX))
        return lat_at(&req->err,
                      lat_fail(&req->err, LAT_EINVAL,
                               "limit is %.20s, must be 1 to %d", limit,
                               LIMIT_MAX),
                      "limit");
    page->limit = n;
    page->after = latd_req_query(req, "after");
    return LAT_OK;
}

static void take_pair(void *arg, const char *name, const char *value)
{
    static const char begin[] = "metadata[";
    struct latd_filter *f = arg;
    size_t len = strlen(name), skip = sizeof(begin) - 1;

    if (strncmp(name, begin, skip) != 0 || name[len - 1] != ']')
        return;
    if (f->n == LATD_PAIRS_MAX || len - skip > sizeof(f->keys[0])) {
        f->too_many = true;
        return;
    }
    snprintf(f->keys[f->n], sizeof(f->keys[0]), "%.*s", (int)(len - skip - 1),
             name + skip);
    f->pairs[f->n] = (struct latd_pair){f->keys[f->n], value};
    f->n++;
}

enum lat_code latd_filter_read(struct latd_filter *f, struct latd_req *req)
{
    *f = (struct latd_filter){0};
    if (req->each)
        req->each(req, LATD_QUERY, take_pair, f);
    if (f->too_many)
        return lat_fail(&req->err, LAT_EINVAL,
                        "more than %d metadata, or a name that is too long",
                        LATD_PAIRS_MAX);
    return LAT_OK;
}

void latd_list_begin(struct lat_buf *out)
{
    lat_buf_puts(out, "{\"object\":\"list\",\"data\":[");
}

void latd_list_item(struct lat_buf *out, struct latd_list_ids *ids,
                    const char *id)
{
    if (ids->first[0])
        lat_buf_puts(out, ",");
    else
        snprintf(ids->first, sizeof(ids->first), "%s", id);
    snprintf(ids->last, sizeof(ids->last), "%s", id);
}

void latd_list_put_id(struct lat_buf *out, const char *name, const char *id)
{
    lat_buf_printf(out, ",\"%s\":", name);
    if (*id)
        latd_write_string(out, id);
    else
        lat_buf_puts(out, "null");
}

void latd_list_end(struct lat_buf *out, const struct latd_list_ids *ids,
                   bool more)
{
    lat_buf_puts(out, "]");
    latd_list_put_id(out, "first_id", ids->first);
    latd_list_put_id(out, "last_id", ids->last);
    lat_buf_printf(out, ",\"has_more\":%s}", more ? "true" : "false");
}
