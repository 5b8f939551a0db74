/*
 * pages.h - lists that come page by page, in OpenAI's shape.
 */
#ifndef LATD_API_PAGES_H
#define LATD_API_PAGES_H

#include "../handler.h"
#include "../store/jobs.h"

/* `after` and `limit` of the query.  limit is 1 to 100. */
LAT_MUST_CHECK enum lat_code latd_page_read(struct latd_page *page,
                                            struct latd_req *req,
                                            size_t by_default);

enum { LATD_PAIRS_MAX = 16 };

/* metadata[key]=value, as often as they are there. */
struct latd_filter {
    size_t n;
    struct latd_pair pairs[LATD_PAIRS_MAX];
    char keys[LATD_PAIRS_MAX][80];
    bool too_many;
};

LAT_MUST_CHECK enum lat_code latd_filter_read(struct latd_filter *f,
                                              struct latd_req *req);

struct latd_list_ids {
    char first[LATD_ID_MAX], last[LATD_ID_MAX];
};

void latd_list_begin(struct lat_buf *out);
/* Before each item. */
void latd_list_item(struct lat_buf *out, struct latd_list_ids *ids,
                    const char *id);
/* ,"name":"id", and null for "". */
void latd_list_put_id(struct lat_buf *out, const char *name, const char *id);
void latd_list_end(struct lat_buf *out, const struct latd_list_ids *ids,
                   bool more);

#endif
