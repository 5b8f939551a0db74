/*
 * similar.h - bodies of POST /v1/similarity and POST /v1/recordings/query, and
 * the conditions in them.
 *
 * A chapter of wire.h, for the handlers and the index.
 */
#ifndef LATD_WIRE_SIMILAR_H
#define LATD_WIRE_SIMILAR_H

#include "../filter.h"
#include "../wire.h"

/* ---- metadata -------------------------------------- wire/attributes.c */

/* The values in a JSON object, and the subject, unless NULL, at "subject".
 * subject is lent as long as out.  out is zeroed; fini whatever happened. */
LAT_MUST_CHECK enum lat_code latd_wire_attributes(struct latd_attributes *out,
                                                  const char *metadata,
                                                  const char *subject,
                                                  struct lat_err *err);

/* ---- what is compared --------------------------------- wire/similar.c */

enum latd_given_kind {
    LATD_GIVEN_RECORDING,
    LATD_GIVEN_EMBEDDING,
    LATD_GIVEN_INPUT
};

/* {"recording": id}, {"embedding": […], "model": …} or {"input": …}. */
struct latd_given {
    enum latd_given_kind kind;
    char *recording;
    float *v; /* (dims), finite */
    size_t dims;
    char *model;  /* that made v; NULL: not said */
    size_t input; /* its index in inputs */
    char at[40];  /* its path, as "targets[3]" */
};

enum {
    LATD_SEARCHES_MAX = 64,
    LATD_RESULTS_MAX = 10000, /* offset and limit; limit of all searches */
    LATD_TOP_DIMS_MAX = 64,
    LATD_WINDOWS_MAX = 16384 /* that are compared with those of recordings */
};

/* Of both bodies.  given: the source and then the targets; or the queries. */
struct latd_similar_req {
    struct latd_embed_req inputs; /* its model is the body's */
    size_t n;
    struct latd_given *given;
    enum lat_metric metric;
    bool weighted; /* weights, or using, were said */
    double weights[LAT_N_BLOCKS];
    size_t top_dims;  /* of an explanation; 0: none */
    bool best_window; /* match: the best pair of windows, not their means */
    /* Of a query alone. */
    bool many; /* "searches": an answer for each */
    struct latd_filter filter;
    size_t limit, offset;
    bool has_least;
    double least;
    bool with_payload, with_vector;
};

/* A body of kind JSON.  max_inputs bounds targets, and searches beside
 * LATD_SEARCHES_MAX.  Unless LAT_OK there is nothing to fini. */
LAT_MUST_CHECK enum lat_code latd_wire_similarity_decode(
    struct latd_similar_req *out, const struct latd_body *body,
    const struct latd_embed_limits *limits, struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_wire_query_decode(
    struct latd_similar_req *out, const struct latd_body *body,
    const struct latd_embed_limits *limits, struct lat_err *err);
void latd_wire_similar_fini(struct latd_similar_req *req);

/* ---- what is answered ---------------------------- wire/similar_out.c */

/* One score. */
struct latd_similar_item {
    const char *recording; /* or NULL */
    double score;
    size_t window, of; /* by windows: of the source or query, of this one */
    const struct lat_pair *pair; /* of it; NULL: only the score */
    const double *share;         /* (dims), with an explanation */
    const float *a, *b;          /* (dims), the two; with an explanation */
    double percentile;           /* below 0: unknown */
    const char *payload;         /* JSON; NULL: not asked for */
    const float *vector;         /* (dims); NULL: not asked for */
};

struct latd_similar_reply {
    const char *model; /* NAME@VERSION */
    const struct lat_card *card;
    const struct latd_similar_req *req;
};

/* results of POST /v1/similarity. */
void latd_wire_similarity_encode(struct lat_buf *out,
                                 const struct latd_similar_reply *reply,
                                 const struct latd_similar_item *items,
                                 size_t n);

/* The answer to one search. */
struct latd_similar_list {
    const struct latd_similar_item *items;
    size_t n, searched;
    size_t left_out; /* by windows: of which only the mean is kept */
    bool has_more;
};

void latd_wire_query_encode(struct lat_buf *out,
                            const struct latd_similar_reply *reply,
                            const struct latd_similar_list *lists, size_t n);

#endif
