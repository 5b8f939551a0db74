/*
 * draft.h - recordings on their way from bodies to rows: decoded, embedded,
 * put.
 *
 * What PUT and POST /v1/recordings have in common.  Belongs to one request.
 * http: init, add, begin; after the batch, on the store thread: put; then end.
 */
#ifndef LATD_API_RECORDINGS_DRAFT_H
#define LATD_API_RECORDINGS_DRAFT_H

#include "../../store/recordings.h"
#include "../../wire/recording.h"
#include "../passes.h"

struct latd_draft {
    struct latd_recording_req asked;
    size_t n_in;
    struct latd_inputs *in; /* (n_in), the input as each model reads it */
    size_t first;           /* its first window among those of all drafts */
    struct latd_recording r;
    struct latd_put put;
    bool well;          /* so far; else err says why not */
    struct lat_err err; /* err.code: what came of it alone */
};

struct latd_drafts {
    size_t n, max;
    struct latd_draft *v;
    double n_resampled; /* of all, at their models' rates */
    struct latd_passes passes;
};

/* Room for max. */
LAT_MUST_CHECK enum lat_code latd_drafts_init(struct latd_drafts *d, size_t max,
                                              struct latd_req *req);
/* The next draft: decoded, its models found, its windows cut.  id, unless NULL,
 * is what the body need not say.  What is wrong with it is raised in the
 * draft's err, and returned. */
LAT_MUST_CHECK enum lat_code latd_drafts_add(struct latd_drafts *d,
                                             struct latd_req *req,
                                             const struct latd_body *body,
                                             const char *id);
/* Asks for the windows of all that are well: sets the request's batch and
 * compute. */
LAT_MUST_CHECK enum lat_code latd_drafts_begin(struct latd_drafts *d,
                                               struct latd_req *req);
/* Once the batch is done: what its models made of draft i, into its r. */
LAT_MUST_CHECK enum lat_code latd_drafts_build(struct latd_drafts *d, size_t i);
/* Puts a draft, unless it came to something before.  What is not its own (a
 * full disk) is returned as well as noted. */
LAT_MUST_CHECK enum lat_code latd_drafts_put(struct latd_drafts *d, size_t i,
                                             struct latd_req *req,
                                             struct latd_rows *rows);
void latd_drafts_fini(struct latd_drafts *d);
/* LAT_EINVAL when one of the first n embeddings has the digest already. */
LAT_MUST_CHECK enum lat_code latd_draft_check_twice(const struct latd_draft *d,
                                                    const char *digest,
                                                    size_t n,
                                                    struct lat_err *err);

/* ---- what the handlers of recordings share ------------------- shared.c */

/* Takes what was cached of what went; *purged counts. */
LAT_MUST_CHECK enum lat_code latd_purge(uint64_t *purged, struct latd_app *app,
                                        const struct lat_buf *keys,
                                        struct lat_err *err);
/* The handlers' that put. */
enum lat_code latd_recordings_submit(struct latd_req *req);
void latd_recordings_end(struct latd_req *req);
/* If-Match and If-None-Match; lent as long as the request. */
struct latd_match latd_match_of(const struct latd_req *req);

/* The models that are here while something is shown. */
struct latd_cards {
    struct latd_model **models;
    size_t n;
};

/* What include and encoding_format of the query say.  cards is zeroed, and the
 * caller's to fini whatever happened. */
LAT_MUST_CHECK enum lat_code latd_show_init(struct latd_recording_show *show,
                                            struct latd_cards *cards,
                                            struct latd_req *req);
void latd_cards_fini(struct latd_cards *cards);
/* What has to be read for it. */
unsigned latd_show_reads(const struct latd_recording_show *show);

/* Which recordings: after, subject, model, digest and metadata[k] of the query.
 * Lent as long as the request. */
struct latd_finding {
    struct latd_recordings_filter filter;
    char keys[LATD_FILTERS_MAX][128];
    size_t n_said;
    bool too_much;
};

LAT_MUST_CHECK enum lat_code latd_finding_init(struct latd_finding *f,
                                               struct latd_req *req);
/* limit of the query, 1 to most; left alone when it is not said. */
LAT_MUST_CHECK enum lat_code latd_limit_of(size_t *limit, struct latd_req *req,
                                           size_t most);
/* The first 32 digits of its tag, with a NUL. */
void latd_tag_text(char text[LAT_DIGEST_HEX], const uint8_t etag[LAT_DIGEST]);
/* req->err.code; of a condition that was not met the reply says the tag that
 * stands.  In a change's run. */
enum lat_code latd_tag_refused(struct latd_req *req, struct latd_rows *rows);

#endif
