/* transfer.h - files to a server and back, however long, with a bar. */
#ifndef CLI_TRANSFER_H
#define CLI_TRANSFER_H

#include "http.h"

struct cli_upload {
    const char *path;           /* of the server's URL */
    const char *file;           /* on disk; NULL: text */
    const struct lat_buf *text; /* in the place of a file */
    const char *name;           /* what it is to be called */
    bool bar;                   /* on the standard error */
};

/* As a multipart body with purpose=fine-tune, read while it is sent. */
LAT_MUST_CHECK enum lat_code cli_upload(struct cli_reply *out,
                                        const char *server,
                                        const struct cli_upload *up,
                                        struct lat_err *err);

struct cli_download {
    const char *path; /* of the server's URL */
    const char *to;   /* a file, which must not be there; "-": none */
    bool bar;
};

/* A file that was begun and not finished is removed. */
LAT_MUST_CHECK enum lat_code cli_download(const char *server,
                                          const struct cli_download *down,
                                          struct lat_err *err);

#endif
