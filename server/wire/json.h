/*
 * json.h - the envelope: a parsed body, and typed looks into it.
 *
 * A look leaves its result alone when the member is absent or null; what has
 * the wrong type or value is LAT_EINVAL with the member's name in err->param.
 */
#ifndef LATD_WIRE_JSON_H
#define LATD_WIRE_JSON_H

#include <jansson.h>

#include "../filter.h"
#include "scan.h"

struct latd_doc {
    json_t *root; /* an object */
    struct latd_scan scan;
};

/* The body must outlive the document.  close takes a zeroed one, and one whose
 * open failed. */
LAT_MUST_CHECK enum lat_code latd_doc_open(struct latd_doc *doc,
                                           const char *body, size_t len,
                                           struct lat_err *err);
void latd_doc_close(struct latd_doc *doc);
/* The piece that stands at value; NULL when it is none. */
struct latd_piece *latd_doc_piece(struct latd_doc *doc, const json_t *value);
/* The text that stands at value, taken out or not; NULL when it is none. */
const char *latd_doc_text(struct latd_doc *doc, const json_t *value,
                          size_t *len);

/* What text is as JSON, as true or 5; else it is a text.  The caller's; NULL
 * when there is no memory, or it is not UTF-8. */
json_t *latd_json_literal(const char *text);

/* Refuses members that are not among names (ended by NULL). */
LAT_MUST_CHECK enum lat_code latd_json_known(const json_t *obj,
                                             const char *const *names,
                                             struct lat_err *err);
/* The member; NULL when it is absent or null. */
json_t *latd_json_get(const json_t *obj, const char *name);
LAT_MUST_CHECK enum lat_code latd_json_text(const char **out, const json_t *obj,
                                            const char *name,
                                            struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_json_bool(bool *out, const json_t *obj,
                                            const char *name,
                                            struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_json_number(double *out, const json_t *obj,
                                              const char *name,
                                              struct lat_err *err);
/* A whole number from least to most. */
struct latd_bounds {
    uint64_t least, most;
};
LAT_MUST_CHECK enum lat_code latd_json_whole(uint64_t *out, const json_t *obj,
                                             const char *name,
                                             struct latd_bounds in,
                                             struct lat_err *err);
/* The index of the text among words (ended by NULL). */
LAT_MUST_CHECK enum lat_code latd_json_word(int *out, const json_t *obj,
                                            const char *name,
                                            const char *const *words,
                                            struct lat_err *err);
/* What a text, number, true or false is to a filter; texts are lent. */
struct latd_value latd_json_value(const json_t *value);
/* The same for a text by itself. */
LAT_MUST_CHECK enum lat_code latd_word_find(int *out, const char *text,
                                            const char *const *words,
                                            struct lat_err *err);

#endif
