/* base64.h - bytes as text, for the bodies of requests and replies. */
#ifndef CLI_BASE64_H
#define CLI_BASE64_H

#include "cli.h"

void cli_put_base64(struct lat_buf *b, const void *p, size_t len);
/* At most room bytes into out; the number of bytes, or SIZE_MAX when text is
 * not base64 or has more. */
size_t cli_base64_decode(void *out, size_t room, const char *text);

#endif
