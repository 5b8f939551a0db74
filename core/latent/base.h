/*
 * base.h - what everything stands on: errors, memory, bytes, numbers, digests.
 *
 * Every function may be called from any thread, on data of one's own.
 */
#ifndef LATENT_BASE_H
#define LATENT_BASE_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LAT_MUST_CHECK __attribute__((warn_unused_result))
#define LAT_PRINTF(f, a) __attribute__((format(printf, f, a)))

/* ---- errors ------------------------------------------------ base/err.c */

/* One list.  server/http.c turns a code into a status in a switch without a
 * default, so a new code does not build until someone decides there. */
#define LAT_CODE_MAP(XX)                                    \
    XX(EINVAL, "invalid argument")                          \
    XX(EFORMAT, "malformed data")                           \
    XX(EUNFIT, "impossible for this model or these values") \
    XX(ENOENT, "not found")                                 \
    XX(EMETHOD, "method not allowed")                       \
    XX(EBUSY, "not in the right state")                     \
    XX(EMATCH, "changed in the meantime")                   \
    XX(ETOOBIG, "over a limit")                             \
    XX(EMEDIA, "unsupported media type")                    \
    XX(EFULL, "too much at once")                           \
    XX(EAUTH, "no valid key")                               \
    XX(EACCESS, "not permitted")                            \
    XX(ECANCEL, "canceled")                                 \
    XX(ETIMEOUT, "deadline passed")                         \
    XX(EAWAY, "not serving now")                            \
    XX(ENOMEM, "out of memory")                             \
    XX(ENOSPACE, "no space left")                           \
    XX(ENONFINITE, "a result is not finite")                \
    XX(EDIVERGE, "training diverged")                       \
    XX(EIO, "input/output error")

enum lat_code {
    LAT_OK = 0,
#define XX(name, text) LAT_##name,
    LAT_CODE_MAP(XX)
#undef XX
};

struct lat_err {
    enum lat_code code;
    const char *word; /* the contract's word, a literal; NULL: by the code */
    char param[96];   /* where in the body, as input[3].channels; or ""    */
    char msg[400];
};

/* Raised once, where it happens: names the value and what was expected.  All
 * of these return code, so that a failure is one line. */
enum lat_code lat_fail(struct lat_err *err, enum lat_code code, const char *fmt,
                       ...) LAT_PRINTF(3, 4);
/* The same with the contract's word, as "unknown_unit" (a string literal). */
enum lat_code lat_fail_word(struct lat_err *err, enum lat_code code,
                            const char *word, const char *fmt, ...)
    LAT_PRINTF(4, 5);
/* Prefixes what we were doing: "record 100: truncated". */
enum lat_code lat_wrap(struct lat_err *err, enum lat_code code, const char *fmt,
                       ...) LAT_PRINTF(3, 4);
/* Prefixes a step of the path in err->param: "input[3]" before "channels". */
enum lat_code lat_at(struct lat_err *err, enum lat_code code, const char *fmt,
                     ...) LAT_PRINTF(3, 4);
const char *lat_code_text(enum lat_code code);

/* ---- memory ------------------------------------------------ base/mem.c */

/* Zeroed and aligned to 64 bytes, the width of a vector register and of a
 * cache line.  NULL when there is none, or when n * size overflows. */
LAT_MUST_CHECK void *lat_calloc(size_t n, size_t size);
void lat_free(void *p);
LAT_MUST_CHECK char *lat_strdup(const char *s);

/* Bytes that grow.  A failed allocation is remembered in failed and makes all
 * that follows do nothing, so a writer checks once, at the end. */
struct lat_buf {
    char *v; /* len bytes and a NUL */
    size_t len, cap;
    bool failed;
};

void lat_buf_put(struct lat_buf *b, const void *p, size_t len);
void lat_buf_puts(struct lat_buf *b, const char *s);
void lat_buf_printf(struct lat_buf *b, const char *fmt, ...) LAT_PRINTF(2, 3);
/* At least room free bytes at the end, to be written by the caller, who then
 * adds what he wrote to len.  NULL when there is no memory. */
char *lat_buf_reserve(struct lat_buf *b, size_t room);
void lat_buf_fini(struct lat_buf *b);

/* ---- numbers ---------------------------- base/number.c, base/print.c */

enum { LAT_NUMBER_MAX = 24 }; /* room for a printed float */

/* Scans one JSON number from [p, end) into the float32 nearest to it, exactly
 * as strtof rounds in the C locale.  Returns the first byte after it, or NULL
 * when there is none there.  What overflows becomes an infinity. */
const char *lat_number_scan(float *out, const char *p, const char *end);
/* Prints the shortest decimal that reads back as the same float32, without a
 * NUL; v is finite.  Returns the end, at most LAT_NUMBER_MAX further. */
char *lat_number_print(char *p, float v);

/* ---- text ------------------------------------------------- base/utf8.c */

/* Bytes of the UTF-8 sequence at text, 1 to 4; 0 when it is none. */
size_t lat_utf8_length(const char *text);

/* ---- base64 --------------------------------------------- base/base64.c */

/* RFC 4648, padded, no white space.  *out is the caller's to lat_free and has
 * a NUL after its *len bytes.  LAT_EINVAL tells the offset of what is wrong. */
LAT_MUST_CHECK enum lat_code lat_base64_decode(char **out, size_t *len,
                                               const char *text, size_t n,
                                               struct lat_err *err);
void lat_base64_encode(struct lat_buf *out, const void *bytes, size_t len);

/* ---- digests -------------------------------------------- base/sha256.c */

enum { LAT_DIGEST = 32, LAT_DIGEST_HEX = 65 };

struct lat_sha256 {
    uint64_t state[16]; /* the library's own, see sha256.c */
};

void lat_sha256_init(struct lat_sha256 *h);
void lat_sha256_add(struct lat_sha256 *h, const void *p, size_t len);
void lat_sha256_end(struct lat_sha256 *h, uint8_t digest[LAT_DIGEST]);
/* Takes as long whatever differs, for digests of secrets. */
bool lat_digest_equal(const uint8_t a[LAT_DIGEST], const uint8_t b[LAT_DIGEST]);
/* What a hexadecimal digit is worth, in either case; -1: it is none. */
int lat_hex_value(char c);
/* Lower-case hexadecimal with a NUL. */
void lat_digest_hex(char hex[LAT_DIGEST_HEX], const uint8_t digest[LAT_DIGEST]);

/* ---- files ------------------------------------------------ base/file.c */

/* The whole file as one block of *len bytes and a NUL, the caller's to
 * lat_free.  LAT_ETOOBIG when it is longer than max. */
LAT_MUST_CHECK enum lat_code lat_file_read(char **out, size_t *len,
                                           const char *path, size_t max,
                                           struct lat_err *err);
/* Written beside path, synced, then renamed over it: a reader sees the old
 * file or the new one, never a part. */
LAT_MUST_CHECK enum lat_code lat_file_write(const char *path, const void *p,
                                            size_t len, struct lat_err *err);
/* The same, with mode 600: for its owner alone. */
LAT_MUST_CHECK enum lat_code lat_file_write_private(const char *path,
                                                    const void *p, size_t len,
                                                    struct lat_err *err);

#endif
