/*
 * recordings.h - rows of the truth: recordings and their vectors by model.
 *
 * A recording has an id of the client's, a subject, metadata, one set of
 * vectors for each model that embedded it, and the samples themselves when
 * they were to be kept.  Vectors carry the digest of what made them; those of
 * two digests are never compared.  What takes rows is for the thread that
 * holds them: in a change's run to write, after latd_database_borrow to read.
 */
#ifndef LATD_STORE_RECORDINGS_H
#define LATD_STORE_RECORDINGS_H

#include "database.h"

enum {
    LATD_RECORDING_ID = 256,   /* room for an id and its NUL */
    LATD_SUBJECT = 256,        /* the same of a subject */
    LATD_METADATA = 65536,     /* and of metadata, as JSON */
    LATD_MODEL_NAME = 128,     /* and of a model's NAME@VERSION */
    LATD_RECORDING_MODELS = 16 /* that may have embedded one */
};

/* Of one model: windows vectors, one after another. */
struct latd_embedding {
    char digest[LAT_DIGEST_HEX]; /* latd_recordings_digest */
    char model[LATD_MODEL_NAME]; /* as it was called then */
    size_t windows, dims;
    float *v;      /* (windows, dims); NULL when not asked for */
    size_t pooled; /* of how many windows v is the mean; 0: it is theirs */
    size_t n_keys; /* under which windows are cached */
    uint8_t *keys; /* (n_keys, LAT_DIGEST) */
};

struct latd_waveform {
    char *signal; /* what it is, as JSON: rate, channels; NULL: not kept */
    float *v;     /* channel after channel; NULL when not asked for */
    size_t n;
};

struct latd_recording {
    char id[LATD_RECORDING_ID];
    char subject[LATD_SUBJECT]; /* "": none */
    char *metadata;             /* a JSON object, keys sorted */
    int64_t created_at, changed_at;
    uint8_t etag[LAT_DIGEST]; /* of all but the times */
    size_t n;
    struct latd_embedding embeddings[LATD_RECORDING_MODELS];
    struct latd_waveform waveform;
};

/* The vectors' identity: SHA-256 of the weights' digest and the
 * preprocessing's.  A card that is reworded keeps it. */
void latd_recordings_digest(char digest[LAT_DIGEST_HEX],
                            const struct lat_card *card);
/* What is in it, not the struct itself. */
void latd_recording_fini(struct latd_recording *r);

/* ---- writing, in a change's run ----------------------------------------- */

/* What must be true of the recording as it stands, or LAT_EMATCH. */
struct latd_match {
    const char *if_match;      /* a list of tags or *; NULL: nothing asked */
    const char *if_none_match; /* the same, must not be */
};

/* What went. */
struct latd_deleted {
    uint64_t recordings, vectors, waveforms;
    struct lat_buf keys; /* LAT_DIGEST bytes each, of cached windows */
};

enum latd_put_result { LATD_PUT_CREATED, LATD_PUT_REPLACED, LATD_PUT_SAME };

struct latd_put {
    struct latd_match match;
    int64_t now; /* seconds since 1970 */
    enum latd_put_result result;
    struct latd_deleted replaced; /* the caller's to fini */
};

/* The whole recording takes the place of the one with its id, if there is one.
 * One that says the same changes nothing, whatever if_none_match says: it was
 * there already.  if_match holds for it, too: of two that count one up from the
 * same, one did not.  r->etag and the times are filled in. */
LAT_MUST_CHECK enum lat_code latd_recordings_put(struct latd_put *put,
                                                 struct latd_rows *rows,
                                                 struct latd_recording *r,
                                                 struct lat_err *err);
/* One more model's vectors, or others of the same digest.  LAT_ENOENT when the
 * recording is gone, LAT_EMATCH when it is not that of etag any more. */
LAT_MUST_CHECK enum lat_code latd_recordings_embed(
    struct latd_rows *rows, const char *id, const uint8_t etag[LAT_DIGEST],
    const struct latd_embedding *e, struct lat_err *err);

void latd_deleted_fini(struct latd_deleted *d);
/* LAT_ENOENT when there is none. */
LAT_MUST_CHECK enum lat_code latd_recordings_delete(
    struct latd_deleted *out, struct latd_rows *rows, const char *id,
    const struct latd_match *match, struct lat_err *err);
/* None is no failure: the counts are 0. */
LAT_MUST_CHECK enum lat_code latd_recordings_delete_subject(
    struct latd_deleted *out, struct latd_rows *rows, const char *subject,
    struct lat_err *err);
/* At most n that did not change since before, the oldest first. */
LAT_MUST_CHECK enum lat_code latd_recordings_expire(struct latd_deleted *out,
                                                    struct latd_rows *rows,
                                                    int64_t before, size_t n,
                                                    struct lat_err *err);

/* ---- the clock ----------------------------------------------------------- */

/* What was last written, in seconds since 1970; 0: nothing yet.  It never goes
 * back, whatever the machine's does. */
LAT_MUST_CHECK enum lat_code latd_clock_read(int64_t *seen,
                                             struct latd_rows *rows,
                                             struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_clock_write(struct latd_rows *rows,
                                              int64_t seen,
                                              struct lat_err *err);
/* The machine's clock, but not before what was written. */
LAT_MUST_CHECK enum lat_code latd_clock_now(int64_t *now,
                                            struct latd_rows *rows,
                                            struct lat_err *err);

/* ---- reading ------------------------------------------------------------- */

enum { LATD_WITH_VECTORS = 1, LATD_WITH_KEYS = 2, LATD_WITH_WAVEFORM = 4 };

/* out is the caller's to fini.  LAT_ENOENT, "recording_not_found". */
LAT_MUST_CHECK enum lat_code latd_recordings_get(struct latd_recording *out,
                                                 struct latd_rows *rows,
                                                 const char *id, unsigned with,
                                                 struct lat_err *err);

enum { LATD_FILTERS_MAX = 8 };

struct latd_recordings_filter {
    const char *after;   /* an id, there or not; NULL: from the first */
    const char *subject; /* NULL: any */
    const char *model;   /* NAME or NAME@VERSION; NULL: any */
    const char *digest;  /* NULL: any */
    size_t n;            /* metadata[key] = value */
    struct {
        const char *key, *value; /* value as text, or as JSON: 61, true */
    } metadata[LATD_FILTERS_MAX];
    size_t limit; /* 0: all */
};

/* In the order of their ids, byte by byte.  r is lent; a code other than LAT_OK
 * ends it and is returned. */
LAT_MUST_CHECK enum lat_code latd_recordings_list(
    struct latd_rows *rows, const struct latd_recordings_filter *filter,
    unsigned with,
    enum lat_code (*visit)(void *arg, const struct latd_recording *r,
                           struct lat_err *err),
    void *arg, struct lat_err *err);

/* The same one by one, through a connection of its own that sees one moment,
 * for as long as it takes: an export. */
struct latd_recordings_cursor;

LAT_MUST_CHECK enum lat_code latd_recordings_cursor_open(
    struct latd_recordings_cursor **out, struct latd_database *db,
    const struct latd_recordings_filter *filter, unsigned with,
    struct lat_err *err);
/* How many there are in all, whatever the limit. */
uint64_t latd_recordings_cursor_count(const struct latd_recordings_cursor *c);
/* out is lent until the next; NULL after the last. */
LAT_MUST_CHECK enum lat_code latd_recordings_cursor_next(
    const struct latd_recording **out, struct latd_recordings_cursor *c,
    struct lat_err *err);
void latd_recordings_cursor_close(struct latd_recordings_cursor *c);

/* ---- an index beside it -------------------------------------------------- */

/* Told of what was committed: on the store thread, before whoever asked for it
 * hears; in the order of the commits.  put: the whole recording as it is now,
 * with all its vectors (no keys, no waveform), in the place of what there was
 * of it: an upsert, or one more model's vectors, is told once, so that nobody
 * finds it missing in between.  What is told is lent for the call. */
struct latd_recordings_listener {
    void (*put)(void *arg, const struct latd_recording *r);
    void (*removed)(void *arg, const char *id);
    void *arg;
};

/* One listener, before the first change; NULL takes it away. */
void latd_recordings_listen(struct latd_database *db,
                            const struct latd_recordings_listener *listener);

/* Every recording with all its vectors (no keys, no waveform), in the order in
 * which they were first put.  digest: those alone that have vectors of it;
 * NULL: all.  progress, which may be NULL, is called now and then with how many
 * were visited of how many there are; false ends the scan with LAT_ECANCEL.
 * For a start: a read that may take seconds.  r is lent for the call. */
struct latd_recordings_scan {
    const char *digest;
    enum lat_code (*visit)(void *arg, const struct latd_recording *r,
                           struct lat_err *err);
    bool (*progress)(void *arg, uint64_t visited, uint64_t all);
    void *arg;
};

LAT_MUST_CHECK enum lat_code latd_recordings_scan(
    struct latd_database *db, const struct latd_recordings_scan *scan,
    struct lat_err *err);

#endif
