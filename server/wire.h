/*
 * wire.h - bodies in, bodies out: one decoder and one encoder per body.
 *
 * The only room that knows that it was JSON, base64, multipart or raw bytes,
 * and the door to jansson.  Decoders check all that can be checked without a
 * model; what a model does not accept is found by lat_prepare.  An error names
 * where in the body it lies in err->param, as input[3].data[1][77].
 *
 * Any thread, on data of one's own.
 */
#ifndef LATD_WIRE_H
#define LATD_WIRE_H

#include "../core/latent.h"

/* Once, before any thread exists: jansson's memory comes from lat_calloc. */
void latd_wire_init(void);

/* ---- a body as it came ----------------------------------- wire/body.c */

enum latd_kind {
    LATD_KIND_JSON,
    LATD_KIND_MULTIPART,
    LATD_KIND_RAW, /* application/octet-stream */
    LATD_KIND_CSV,
    LATD_KIND_NPY,
    LATD_KIND_EDF, /* application/edf, or raw without dtype */
    LATD_KIND_JPEG,
    LATD_KIND_PNG,
};

/* Named texts, from a query or from a data URI; get gives NULL for none. */
struct latd_params {
    const char *(*get)(const void *arg, const char *name);
    const void *arg;
};

struct latd_body {
    const char *type;     /* Content-Type, or NULL */
    const char *encoding; /* Content-Encoding, or NULL */
    const char *data;
    size_t len;
    struct latd_params query;
};

/* LAT_EMEDIA for a type that is not named above, or an encoding at all. */
LAT_MUST_CHECK enum lat_code latd_wire_kind(enum latd_kind *kind,
                                            const struct latd_body *body,
                                            struct lat_err *err);

/* ---- POST /v1/embeddings ----------------------------- wire/request.c */

enum latd_encoding {
    LATD_FLOAT,
    LATD_BASE64,
    LATD_BYTES,
    LATD_SPARSE, /* {"indices": […], "values": […]}: what is not 0 */
};

enum {
    LATD_INCLUDE_PARTITIONS = 1,
    LATD_INCLUDE_GATES = 2,
    LATD_INCLUDE_PREPROCESSING = 4,
    LATD_INCLUDE_TASK = 8,
    LATD_INCLUDE_FEATURES = 16,
};

/* A file whose header was read; its pixels were not. */
struct latd_picture {
    struct lat_blob file; /* in the body, or own */
    char *own;
    struct lat_picture_info info;
};

/* A signal or an image; neither when err says why. */
struct latd_embed_input {
    char *id; /* or NULL */
    struct lat_signal *sig;
    struct latd_picture *picture;
    char at[40];
    struct lat_err err; /* param from "input" on */
};

/* Where inputs stand in the body, for err->param. */
enum latd_inputs_at {
    LATD_AT_BODY,
    LATD_AT_INPUT,
    LATD_AT_INPUTS,
    LATD_AT_FILES,
    LATD_AT_EACH, /* input is a member of what each says in at */
};

struct latd_embed_req {
    char model[128];
    size_t n;
    struct latd_embed_input *inputs;
    enum latd_encoding encoding;
    unsigned include;
    int block;         /* of enum lat_block; -1: the whole latent */
    int modality;      /* of enum lat_modality; -1: not said */
    int gate_mode;     /* of enum lat_gate_mode; -1: the model's own */
    size_t dimensions; /* 0: all */
    bool normalize, partial, pool_mean;
    struct lat_cut cut;
    uint64_t timeout_ms; /* 0: not said */
    enum latd_inputs_at place;
    uint64_t n_pixels; /* of all images, before they are resized */
};

struct latd_embed_limits {
    size_t max_inputs;   /* more are LAT_ETOOBIG, naming the setting */
    bool each;           /* as if "on_error" were "partial" */
    uint64_t max_pixels; /* of all images; 0: as many as they have */
};

/* Without "on_error": "partial", the first input that is wrong is the error.
 * Images lie in the body, which must outlive out. */
LAT_MUST_CHECK enum lat_code latd_wire_embed_decode(
    struct latd_embed_req *out, const struct latd_body *body,
    const struct latd_embed_limits *limits, struct lat_err *err);
/* The same of a query alone: no inputs.  Nothing to free. */
LAT_MUST_CHECK enum lat_code latd_wire_embed_query(
    struct latd_embed_req *out, const struct latd_params *query,
    struct lat_err *err);
/* The path of input i before what err->param has. */
enum lat_code latd_wire_embed_at(const struct latd_embed_req *req, size_t i,
                                 enum lat_code code, struct lat_err *err);
void latd_wire_embed_fini(struct latd_embed_req *req);

/* ---- its reply ----------------------------------------- wire/reply.c */

/* One item of data, in output order. */
struct latd_embed_item {
    size_t input;        /* index of the input */
    const char *id;      /* or NULL */
    const float *z;      /* (card.dims), the model's latent; NULL: err */
    const float *likely; /* (card.n_labels), of its classes; or NULL */
    const struct lat_err *err;
    const struct lat_windows *windows;      /* of a signal; NULL with err */
    size_t window;                          /* the index in windows … */
    bool pooled;                            /* … or the mean of all of them */
    const struct lat_image_prepared *image; /* of an image, and its file */
    const struct latd_picture *picture;
    struct lat_image_code code; /* what there is beside z; else NULLs */
    const uint8_t *digest;      /* without windows: of the one that it was */
    const char *cache;          /* hit, miss, coalesced, bypass */
};

struct latd_embed_reply {
    const char *model; /* NAME@VERSION */
    enum lat_precision precision;
    const struct lat_card *card;
    const struct latd_embed_req *req;
    const struct latd_embed_item *items;
    size_t n;
    uint64_t tokens; /* time steps embedded, or squares of 16 x 16 pixels */
    enum lat_gate_mode mode;
};

/* The JSON, and behind it, with LATD_BYTES, the vectors: *json_len is where
 * they begin.  LAT_ENONFINITE when a value is not finite: it must not leave. */
LAT_MUST_CHECK enum lat_code latd_wire_embed_encode(
    struct lat_buf *out, size_t *json_len, const struct latd_embed_reply *reply,
    struct lat_err *err);
/* One item as it stands in data. */
LAT_MUST_CHECK enum lat_code latd_wire_embed_encode_one(
    struct lat_buf *out, size_t *json_len, const struct latd_embed_reply *reply,
    struct lat_err *err);

/* ---- POST /v1/validate ---------------------------- wire/validation.c */

struct latd_validate_item {
    const struct lat_windows *windows; /* or an image, or: err */
    const struct lat_image_prepared *image;
    const struct latd_picture *picture;
    const struct lat_err *err;
};

LAT_MUST_CHECK enum lat_code latd_wire_validate_encode(
    struct lat_buf *out, const char *model, const struct lat_card *card,
    const struct latd_validate_item *items, size_t n, struct lat_err *err);

/* ---- GET /v1/models ------------------------------------ wire/model.c */

struct latd_wire_model {
    const char *id;  /* NAME@VERSION */
    int64_t created; /* seconds since 1970 */
    enum lat_precision precision;
    const struct lat_card *card;
    uint64_t max_inputs, max_body_bytes, max_samples, max_pixels;
};

/* One model as it stands in data.  A failed allocation shows in out->failed. */
void latd_wire_model_encode(struct lat_buf *out,
                            const struct latd_wire_model *m);

/* ---- files ------------------------------------------- wire/file.c */

struct latd_wire_file {
    const char *id, *filename, *purpose, *sha256;
    const char *report; /* JSON */
    uint64_t bytes;
    int64_t created_at; /* seconds since 1970 */
    bool usable;
};

/* A failed allocation shows in out->failed. */
void latd_wire_file_encode(struct lat_buf *out, const struct latd_wire_file *f);
/* What is in it; filename's ending says whether it has subjects. */
void latd_wire_report_encode(struct lat_buf *out, const struct lat_report *r,
                             const char *filename);
/* ---- /v1/aliases --------------------------------------- wire/alias.c */

/* The model that it is to stand for, of size bytes at most. */
LAT_MUST_CHECK enum lat_code latd_wire_alias_decode(
    char *model, size_t size, const struct latd_body *body,
    struct lat_err *err);

struct latd_wire_alias {
    const char *name, *model, *previous; /* previous "": none */
    int64_t created_at, changed_at;
};

void latd_wire_alias_encode(struct lat_buf *out,
                            const struct latd_wire_alias *a);

/* ---- errors ------------------------------------------ wire/error.c */

/* The contract's word for an error, as "missing_channel". */
const char *latd_wire_error_word(const struct lat_err *err);
/* OpenAI's envelope and RFC 9457's in one body.  A failed allocation shows in
 * out->failed. */
void latd_wire_error_encode(struct lat_buf *out, const struct lat_err *err,
                            unsigned status, const char *request_id);
/* The i-th header that belongs to an error, besides Allow and Connection; NULL
 * after the last. */
const char *latd_wire_error_header(const char **value, enum lat_code code,
                                   size_t i);

/* ---- pieces of JSON --------------------------------- wire/write.c */

/* Quoted and escaped; what is not UTF-8 becomes a replacement character. */
void latd_write_string(struct lat_buf *out, const char *s);
/* The shortest decimal that reads back as the same; x is finite. */
void latd_write_number(struct lat_buf *out, double x);
void latd_write_floats(struct lat_buf *out, const float *v, size_t n);

#endif
