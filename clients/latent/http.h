/* http.h - the door to libcurl: one request, its reply in memory. */
#ifndef CLI_HTTP_H
#define CLI_HTTP_H

#include "cli.h"

/* One part of a multipart body; filename NULL for a plain field. */
struct cli_part {
    const char *name, *filename, *type;
    const char *data;
    size_t len;
};

struct cli_reply {
    long status;
    struct lat_buf body;
};

/* path is appended to the server's URL.  LAT_EIO when there was no reply; what
 * the reply says is the caller's business. */
LAT_MUST_CHECK enum lat_code cli_http_get(struct cli_reply *out,
                                          const char *server, const char *path,
                                          struct lat_err *err);
LAT_MUST_CHECK enum lat_code cli_http_delete(struct cli_reply *out,
                                             const char *server,
                                             const char *path,
                                             struct lat_err *err);
LAT_MUST_CHECK enum lat_code cli_http_post_json(struct cli_reply *out,
                                                const char *server,
                                                const char *path,
                                                const struct lat_buf *body,
                                                struct lat_err *err);
LAT_MUST_CHECK enum lat_code cli_http_post_parts(struct cli_reply *out,
                                                 const char *server,
                                                 const char *path,
                                                 const struct cli_part *parts,
                                                 size_t n, struct lat_err *err);
/* A reply as it comes, piece by piece; take says false to end it.  last is the
 * id of the event that was seen last, or "".  LAT_EIO when it ended with an
 * error; a server's refusal is LAT_EIO, too. */
LAT_MUST_CHECK enum lat_code cli_http_stream(
    const char *server, const char *path, const char *last,
    bool (*take)(void *arg, const char *p, size_t len), void *arg,
    struct lat_err *err);
/* Any other request. */
struct cli_ask {
    const char *method, *path;
    const char *header;         /* one more, or NULL */
    const char *type;           /* of the body */
    const struct lat_buf *body; /* NULL: none */
};

LAT_MUST_CHECK enum lat_code cli_http_ask(struct cli_reply *out,
                                          const char *server,
                                          const struct cli_ask *ask,
                                          struct lat_err *err);
void cli_reply_fini(struct cli_reply *r);

#endif
