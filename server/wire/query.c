/* query.c - the body of POST /v1/recordings/query. */
#include "filter.h"
#include "given.h"

#include <stdio.h>

/* "using": a partition is a weight of 1. */
static enum lat_code read_using(struct latd_similar_req *out, const json_t *obj,
                                struct lat_err *err)
{
    const char *names[LAT_N_BLOCKS + 1] = {NULL};
    int block = -1;
    enum lat_code code;

    for (int b = 0; b < LAT_N_BLOCKS; b++)
        names[b] = lat_block_name((enum lat_block)b);
    code = latd_json_word(&block, obj, "using", names, err);
    if (code || block < 0)
        return code;
    if (out->weighted) {
        code = lat_fail(err, LAT_EINVAL,
                        "using and weights say the same "
                        "thing, expected one of them");
        return lat_at(err, code, "using");
    }
    out->weighted = true;
    out->weights[block] = 1.0;
    return LAT_OK;
}

static enum lat_code read_queries(struct latd_similar_req *out,
                                  struct latd_doc *doc,
                                  const struct latd_embed_limits *limits,
                                  struct lat_err *err)
{
    static const char *const known[] = {"query", NULL};
    const json_t *searches = latd_json_get(doc->root, "searches");
    const json_t *query = latd_json_get(doc->root, "query");
    enum lat_code code = LAT_OK;

    if (!searches == !query)
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "expected query, or searches with a query each"),
                      "query");
    out->many = searches != NULL;
    if (searches)
        code = latd_given_count(searches, "searches", LATD_SEARCHES_MAX,
                                "several requests take more", err);
    if (code == LAT_OK)
        code =
            latd_given_room(out, searches ? json_array_size(searches) : 1, err);
    for (size_t i = 0; i < out->n && code == LAT_OK; i++) {
        struct latd_given *g = &out->given[i];
        const json_t *one = searches ? json_array_get(searches, i) : NULL;

        snprintf(g->at, sizeof(g->at), "query");
        if (one) {
            snprintf(g->at, sizeof(g->at), "searches[%zu].query", i);
            query = latd_json_get(one, "query");
            code = latd_json_known(one, known, err);
            if (code) {
                lat_at(err, code, "[%zu]", i);
                return lat_at(err, code, "searches");
            }
        }
        code = latd_given_read(out, i, doc, query, limits, err);
    }
    return code;
}

static enum lat_code read_page(struct latd_similar_req *out, const json_t *obj,
                               struct lat_err *err)
{
    uint64_t limit = 10, offset = 0;
    bool exact = true;
    enum lat_code code = latd_json_whole(
        &limit, obj, "limit", (struct latd_bounds){1, LATD_RESULTS_MAX}, err);

    if (code == LAT_OK)
        code = latd_json_whole(&offset, obj, "offset",
                               (struct latd_bounds){0, LATD_RESULTS_MAX}, err);
    if (code == LAT_OK && limit + offset > LATD_RESULTS_MAX) {
        code = lat_fail(err, LAT_EINVAL,
                        "offset and limit are %llu together, at most %d",
                        (unsigned long long)(limit + offset), LATD_RESULTS_MAX);
        code = lat_at(err, code, "offset");
    }
    out->has_least = latd_json_get(obj, "score_threshold") != NULL;
    if (code == LAT_OK)
        code = latd_json_number(&out->least, obj, "score_threshold", err);
    if (code == LAT_OK)
        code = latd_json_bool(&out->with_payload, obj, "with_payload", err);
    if (code == LAT_OK)
        code = latd_json_bool(&out->with_vector, obj, "with_vector", err);
    if (code == LAT_OK)
        code = latd_json_bool(&exact, obj, "exact", err);
    if (code == LAT_OK && !exact)
        code = lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "every search here is exact, expected true"),
                      "exact");
    out->limit = (size_t)limit;
    out->offset = (size_t)offset;
    return code;
}

static enum lat_code read_query(struct latd_similar_req *out,
                                struct latd_doc *doc,
                                const struct latd_embed_limits *limits,
                                struct lat_err *err)
{
    static const char *const members[] = {"model",
                                          "query",
                                          "searches",
                                          "using",
                                          "weights",
                                          "metric",
                                          "filter",
                                          "limit",
                                          "offset",
                                          "score_threshold",
                                          "with_payload",
                                          "with_vector",
                                          "exact",
                                          "explain",
                                          "windowing",
                                          "channel_match",
                                          "timeout_ms",
                                          "match",
                                          NULL};
    enum lat_code code = latd_similar_common(out, doc->root, members, err);

    if (code == LAT_OK)
        code = read_using(out, doc->root, err);
    if (code == LAT_OK)
        code = read_page(out, doc->root, err);
    if (code == LAT_OK)
        code = latd_filter_decode(&out->filter,
                                  latd_json_get(doc->root, "filter"), err);
    if (code == LAT_OK)
        code = read_queries(out, doc, limits, err);
    if (code == LAT_OK && out->n * out->limit > LATD_RESULTS_MAX)
        code = lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "%zu searches with %zu results each, at most "
                               "%d results are given at once",
                               out->n, out->limit, LATD_RESULTS_MAX),
                      "limit");
    return code;
}

enum lat_code latd_wire_query_decode(struct latd_similar_req *out,
                                     const struct latd_body *body,
                                     const struct latd_embed_limits *limits,
                                     struct lat_err *err)
{
    struct latd_doc doc = {0};
    enum lat_code code = latd_similar_open(&doc, body, err);

    *out = (struct latd_similar_req){
        .inputs = {.block = -1, .modality = -1, .gate_mode = -1}};
    if (code == LAT_OK)
        code = read_query(out, &doc, limits, err);
    latd_doc_close(&doc);
    if (code)
        latd_wire_similar_fini(out);
    return code;
}
