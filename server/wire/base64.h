/*
 * base64.h - RFC 4648 base64, to the letter.
 *
 * Ours rather than a library's: libmodpbase64 reads its input as aligned
 * words and lets stray bits after the last byte pass, nettle is a tenth as
 * fast.  Any thread.
 */
#ifndef LATD_WIRE_BASE64_H
#define LATD_WIRE_BASE64_H

#include "../../core/latent.h"

/* The standard alphabet, padded, no white space.  *out is the caller's to
 * lat_free and has a NUL after its *len bytes.  What is wrong is refused with
 * the offset where it stands. */
LAT_MUST_CHECK enum lat_code latd_base64_decode(char **out, size_t *len,
                                                const char *text, size_t n,
                                                struct lat_err *err);
void latd_base64_encode(struct lat_buf *out, const void *bytes, size_t len);

#endif
