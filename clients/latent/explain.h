/*
 * explain.h - why a code is what it is: the dimensions that an image has, and
 * the images of a reference set that have most of each.
 */
#ifndef CLI_EXPLAIN_H
#define CLI_EXPLAIN_H

#include "embedding.h"

enum { CLI_BEST_MAX = 24 };

/* One dimension that is not 0. */
struct cli_reason {
    size_t dim;
    float value, open; /* open: the gate's probability, where there are gates */
    /* Of the reference set: */
    size_t support; /* images that have it at all … */
    const char *named; /* … and the class that most of them are of, or NULL … */
    double share;      /* … with its share of them */
    size_t n_best;
    struct {
        size_t image; /* in the gallery */
        float value;
    } best[CLI_BEST_MAX]; /* the largest first, then the first */
};

struct cli_explain_ask {
    struct cli_asked asked; /* first, for tables of options */
    struct cli_list reference;
    uint64_t limit, dims, per; /* images looked at; dimensions, images shown */
    const char *html, *png;
    bool json;
};

/* An image, explained.  What it points into lives as long as it. */
struct cli_explained {
    const char *file;
    char model[160];
    struct lat_plan *plan;
    struct lat_workspace *ws;
    const struct lat_card *card; /* the plan's */
    enum lat_gate_mode mode;
    struct lat_image *image;
    float *z, *open;  /* (dims) each; open is of a model with gates */
    double expected;  /* sum of open */
    size_t n_reasons; /* the dimensions that are not 0, the largest first */
    struct cli_reason *reasons;
    struct lat_gallery *gallery; /* NULL: no reference */
    size_t n_reference;          /* of its images that were looked at */
};

/* ---- explain_image.c */

LAT_MUST_CHECK enum lat_code cli_explain_image(
    struct cli_explained *e, const struct cli_explain_ask *ask,
    const char *path, struct lat_err *err);
void cli_explained_fini(struct cli_explained *e);

/* ---- how it looks */

LAT_MUST_CHECK enum lat_code cli_explain_html(struct lat_buf *b,
                                              const struct cli_explained *e,
                                              const struct cli_explain_ask *ask,
                                              struct lat_err *err);
LAT_MUST_CHECK enum lat_code cli_explain_png(struct lat_buf *b,
                                             const struct cli_explained *e,
                                             const struct cli_explain_ask *ask,
                                             struct lat_err *err);
/* Text that is safe between tags and in attributes. */
void cli_put_html(struct lat_buf *b, const char *s);
/* The head of a page of our own, up to <body>. */
void cli_put_page(struct lat_buf *b, const char *title);

/* ---- explain_signal.c: the partitions of a recording's latent, as bars */

LAT_MUST_CHECK enum lat_code cli_explain_signal(
    struct lat_buf *text, struct lat_buf *html,
    const struct cli_explain_ask *ask, const char *path, struct lat_err *err);

#endif
