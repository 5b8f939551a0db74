/*
 * recording.h - bodies of PUT and POST /v1/recordings, and what is answered.
 *
 * A chapter of wire.h, for the handlers of recordings.
 */
#ifndef LATD_WIRE_RECORDING_H
#define LATD_WIRE_RECORDING_H

#include "../store/recordings.h"
#include "../store/reembed.h"
#include "../wire.h"

/* ---- what is put ------------------------------------ wire/recording.c */

/* Vectors that are given instead of computed. */
struct latd_own_vectors {
    char model[LATD_MODEL_NAME];
    char digest[LAT_DIGEST_HEX]; /* "": not said */
    size_t windows, dims;
    size_t pooled; /* of how many windows v is the mean; 0: it is theirs */
    float *v;      /* (windows, dims), finite */
};

struct latd_recording_req {
    char id[LATD_RECORDING_ID]; /* "": not said */
    char subject[LATD_SUBJECT];
    char *metadata;      /* an object, keys sorted; "{}" when not said */
    bool store_waveform; /* asked has a signal then */
    size_t n_models;     /* by which the input is to be embedded */
    char models[LATD_RECORDING_MODELS][LATD_MODEL_NAME];
    size_t n_own;
    struct latd_own_vectors own[LATD_RECORDING_MODELS];
    struct latd_embed_req asked; /* one input, or none */
};

/* A body of any kind that POST /v1/embeddings takes; what is not JSON has
 * subject, metadata and store_waveform in its query.  Unless LAT_OK there is
 * nothing to fini. */
LAT_MUST_CHECK enum lat_code latd_wire_recording_decode(
    struct latd_recording_req *out, const struct latd_body *body,
    const struct latd_embed_limits *limits, struct lat_err *err);
void latd_wire_recording_fini(struct latd_recording_req *req);
/* LAT_EINVAL unless id can be a recording's (or a subject's): 1 to 255 bytes
 * of UTF-8, not "." or "..", which clients take out of a path, and none of the
 * names that stand in its place. */
LAT_MUST_CHECK enum lat_code latd_wire_recording_id(const char *id,
                                                    const char *what,
                                                    struct lat_err *err);

/* ---- many at once ---------------------------------------- wire/slices.c */

struct latd_slice {
    const char *v;
    size_t len;
};

/* The elements of a JSON array, or, with lines, the lines that are not empty:
 * at most max.  *out is the caller's to lat_free.  What is wrong inside an
 * element is found when it is decoded. */
LAT_MUST_CHECK enum lat_code latd_wire_slices(struct latd_slice **out,
                                              size_t *n, const char *body,
                                              size_t len, bool lines,
                                              size_t max, struct lat_err *err);

/* ---- what is answered --------------------------- wire/recording_out.c */

struct latd_recording_show {
    unsigned with; /* LATD_WITH_VECTORS, LATD_WITH_WAVEFORM */
    bool partitions;
    bool base64; /* arrays of floats as little-endian base64 */
    /* The card of what made vectors of a digest; NULL: it is not here.  Lent
     * until the next call. */
    const struct lat_card *(*card)(void *arg, const char *digest);
    void *arg;
};

/* LAT_EIO when a vector is not finite: it must not leave as null. */
LAT_MUST_CHECK enum lat_code latd_wire_recording_encode(
    struct lat_buf *out, const struct latd_recording *r,
    const struct latd_recording_show *show, struct lat_err *err);
/* One of its embeddings, as it stands there. */
LAT_MUST_CHECK enum lat_code latd_wire_embedding_encode(
    struct lat_buf *out, const struct latd_embedding *e,
    const struct latd_recording_show *show, struct lat_err *err);
/* What a waveform is, without its samples: a signal as inputs have it, and how
 * its windows are cut.  The caller's; NULL when there is no memory. */
char *latd_wire_signal_text(const struct lat_signal *sig,
                            const struct latd_embed_req *asked);
/* {"recordings": …}: what went. */
void latd_wire_deleted_encode(struct lat_buf *out, const char *object,
                              const char *id, const struct latd_deleted *gone,
                              uint64_t cached);
/* One of many that were put. */
struct latd_bulk_item {
    const char *id;
    unsigned status; /* as if it had been put alone */
    const uint8_t *etag;
    const struct lat_err *err; /* NULL: etag */
};

void latd_wire_bulk_encode(struct lat_buf *out, size_t index,
                           const struct latd_bulk_item *item);

/* ---- /v1/recordings/reembed ------------------------------ wire/reembed.c */

struct latd_reembed_req {
    char from[LATD_MODEL_NAME], to[LATD_MODEL_NAME]; /* from "": not said */
    bool drop;
};

LAT_MUST_CHECK enum lat_code latd_wire_reembed_decode(
    struct latd_reembed_req *out, const struct latd_body *body,
    struct lat_err *err);
void latd_wire_reembed_encode(struct lat_buf *out,
                              const struct latd_reembedding *t);
/* The body of PUT by which model embeds the waveform of r, cut as it was.  In
 * recording_out.c. */
void latd_wire_reembed_body(struct lat_buf *out, const struct latd_recording *r,
                            const char *model);

#endif
