/* request.h - one recording, sent to be embedded or checked. */
#ifndef CLI_REQUEST_H
#define CLI_REQUEST_H

#include "embedding.h"
#include "http.h"

/* Posts what is at path to url of the asked server. */
LAT_MUST_CHECK enum lat_code cli_post_recording(
    struct cli_reply *reply, const struct cli_asked *asked, const char *model,
    const char *url, const char *path, struct lat_err *err);

/* As inputs have it. */
void cli_put_signal(struct lat_buf *b, const struct lat_signal *sig);

#endif
