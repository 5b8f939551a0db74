/*
 * embedding.h - recordings to embeddings, in this process or by a server: both
 * give the same list.
 */
#ifndef CLI_EMBEDDING_H
#define CLI_EMBEDDING_H

#include "cli.h"

/* What embed and validate are asked. */
struct cli_asked {
    const char *model;  /* a name, NAME@VERSION, a path; NULL: see choose.c */
    const char *models; /* a folder; NULL: where models usually are */
    const char *server; /* a URL; NULL: in this process */
    const char *windowing, *gates;
    const char *include; /* NULL or "task" */
    struct lat_hints hints;
    /* From windowing and gates, by cli_asked_check: */
    struct lat_cut cut;
    int gate_mode; /* of enum lat_gate_mode; -1: the model's own */
};

/* The rows for a table of options whose values begin with a struct cli_asked.
 */
#define CLI_AT(field) offsetof(struct cli_asked, field)
#define CLI_ASKED_OPTIONS                                                        \
    {"model",  'm',                                                              \
     "MODEL",  "NAME, NAME@VERSION or a file; default: what fits",               \
     CLI_TEXT, CLI_AT(model)},                                                   \
        {"models", 0,                                                            \
         "DIR",    "where models are; default: LATENT_MODELS",                   \
         CLI_TEXT, CLI_AT(models)},                                              \
        {"server", 's',           "URL", "ask a server; default: LATENT_SERVER", \
         CLI_TEXT, CLI_AT(server)},                                              \
        {"windowing", 'w',                                                       \
         "MODE",      "reject, center, tile or tile:HOP",                        \
         CLI_TEXT,    CLI_AT(windowing)},                                        \
        {"gates",      0, "MODE", "of images: hard, soft or none", CLI_TEXT,     \
         CLI_AT(gates)},                                                         \
        {"rate",     'r',                                                        \
         "HZ",       "sampling rate, where a file does not say",                 \
         CLI_NUMBER, CLI_AT(hints.rate_hz)},                                     \
        {"unit",   'u',                                                          \
         "UNIT",   "unit, where a file does not say",                            \
         CLI_TEXT, CLI_AT(hints.unit)},                                          \
        {"channels", 'c',                                                        \
         "NAMES",    "channels, where a file does not say",                      \
         CLI_TEXT,   CLI_AT(hints.channels)},                                    \
        {"channels-first",                                                       \
         0,                                                                      \
         NULL,                                                                   \
         "NPY is (channels, samples)",                                           \
         CLI_FLAG,                                                               \
         CLI_AT(hints.channels_first)},                                          \
    {                                                                            \
        "positional", 0, NULL, "match channels by position, not by name",        \
            CLI_FLAG, CLI_AT(cut.positional)                                     \
    }

/* One window, or one image. */
struct cli_item {
    size_t file;       /* index of the operand */
    size_t begin, end; /* in samples of the input; 0 and 0: not said, all */
    double rate_hz;    /* of the input */
    char cache[16];    /* hit, miss, …; "" in this process */
    float *z;          /* (dims) */
    float *likely;     /* (n_labels), of the classes; NULL: not asked */
    float *open;       /* (dims), of gates being open; NULL: no gates */
};

struct cli_embeddings {
    char model[160]; /* NAME@VERSION */
    size_t dims;
    bool partitioned;
    bool images; /* the files are images, not recordings */
    struct lat_range blocks[LAT_N_BLOCKS];
    size_t n_labels; /* 0: no head of classes, or not asked */
    char labels[LAT_LABELS_MAX][LAT_NAME_MAX];
    size_t n, cap;
    struct cli_item *items;
};

/* Room for one more item with copies of its z, likely and open.  LAT_EUNFIT
 * when dims differ from those of the items before. */
LAT_MUST_CHECK enum lat_code cli_embeddings_add(struct cli_embeddings *e,
                                                const struct cli_item *item,
                                                const float *z, size_t dims,
                                                struct lat_err *err);
void cli_embeddings_fini(struct cli_embeddings *e);

/* What lat_prepare says of one recording. */
struct cli_checked {
    char model[160];
    size_t n_windows, n_missing;
    double from_hz, to_hz;
    char used[256];
    char fitting[160]; /* of an image: what is done to it; else "" */
    size_t n_warnings;
    char warnings[LAT_N_WARNINGS][128];
};

/* The environment where no option says otherwise, and --windowing's words. */
LAT_MUST_CHECK enum lat_code cli_asked_check(struct cli_asked *a,
                                             struct lat_err *err);

/* ---- which model ---------------------------------------------- choose.c */

/* The only model that is there or, by the first of the files that can be read,
 * the only one that reads its channels. */
LAT_MUST_CHECK enum lat_code cli_choose_model(char model[160],
                                              const struct cli_asked *asked,
                                              char *const *files, size_t n,
                                              struct lat_err *err);

/* ---- in this process ----------------------------------------- local.c */

struct cli_local; /* a plan and its workspace */

LAT_MUST_CHECK enum lat_code cli_local_open(struct cli_local **out,
                                            const struct cli_asked *asked,
                                            struct lat_err *err);
void cli_local_close(struct cli_local *l);
LAT_MUST_CHECK enum lat_code cli_local_embed(struct cli_local *l,
                                             const struct cli_asked *asked,
                                             const char *path, size_t file,
                                             struct cli_embeddings *out,
                                             struct lat_err *err);
LAT_MUST_CHECK enum lat_code cli_local_check(struct cli_local *l,
                                             const struct cli_asked *asked,
                                             const char *path,
                                             struct cli_checked *out,
                                             struct lat_err *err);

/* ---- by a server --------------------------------------------- remote.c */

LAT_MUST_CHECK enum lat_code cli_remote_embed(const struct cli_asked *asked,
                                              const char *path, size_t file,
                                              struct cli_embeddings *out,
                                              struct lat_err *err);
LAT_MUST_CHECK enum lat_code cli_remote_check(const struct cli_asked *asked,
                                              const char *path,
                                              struct cli_checked *out,
                                              struct lat_err *err);

/* ---- how they look --------------------------------------------- print.c */

bool cli_is_partition(const char *word);
/* One part of the latent, or (NULL) all of it: the range to print. */
LAT_MUST_CHECK enum lat_code cli_pick_range(struct lat_range *out,
                                            const struct cli_embeddings *e,
                                            const char *partition,
                                            struct lat_err *err);
void cli_print_table(struct lat_buf *b, const struct cli_embeddings *e,
                     char *const *files);
void cli_print_json(struct lat_buf *b, const struct cli_embeddings *e,
                    struct lat_range r, char *const *files);
void cli_print_csv(struct lat_buf *b, const struct cli_embeddings *e,
                   struct lat_range r, char *const *files);
void cli_print_npy(struct lat_buf *b, const struct cli_embeddings *e,
                   struct lat_range r);

#endif
