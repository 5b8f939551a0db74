/*
 * cases.h - a case is a file: lines of what it is and what must become of it,
 * an empty line, a body.
 *
 *     Content-Type, Content-Encoding, Query   as in a request
 *     Lines: crlf          line ends of the body, but the last, become CR LF
 *     Body: base64         the body is bytes
 *     Max-Inputs: 8        instead of 2048
 *     Inputs, Channels, Samples, Id           of what is decoded,
 *     Picture: 21 13 image/png                of an image, as it is stored, or:
 *     Expect: 422 word param, Message: part   of the error
 *     Needs: model         only a daemon with a model finds it wrong
 *     Recipe: key=value …  the lines that a job's objective becomes
 */
#ifndef TESTS_CASES_H
#define TESTS_CASES_H

#include "../../server/wire.h"

struct wire_case {
    char name[192];
    char *file, *head, *body; /* head and body lie in file, but see body_own */
    char *body_own;
    size_t body_len;
    char query[1024]; /* split at & by NULs, two at the end */
};

/* The n-th case of the folder dir below tests/cases, in order of name; false:
 * there are no more. */
bool case_open(struct wire_case *c, const char *dir, size_t n);
/* A zeroed one, of these bytes and a NUL: adopted.  False: not a case. */
bool case_parse(struct wire_case *c, char *file, size_t len);
void case_close(struct wire_case *c);
/* The value of a line of the head, in a static buffer; NULL: not there. */
const char *case_get(const struct wire_case *c, const char *name);
/* Whether that is what the case expects; what is not is told on the standard
 * error. */
bool case_expected(const struct wire_case *c, enum lat_code code,
                   const struct lat_err *err);
/* Whether what is got is what is wanted; want may be NULL: anything. */
bool case_same(const char *what, const char *got, const char *want,
               const char *name);
/* As it would come; type and encoding are the caller's to lat_free. */
struct latd_body case_body(const struct wire_case *c, char **type,
                           char **encoding);

#endif
