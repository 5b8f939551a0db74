/* output.c - errors on one line, results to a file or the standard output. */
#include "cli.h"

#include <jansson.h>

#include <errno.h>
#include <string.h>
#include <unistd.h>

int cli_report(const struct lat_err *err)
{
    const char *msg = err->msg[0] ? err->msg : lat_code_text(err->code);

    fflush(stdout);
    fputs("latent: ", stderr);
    for (; *msg; msg++)
        fputc((unsigned char)*msg < ' ' ? ' ' : *msg, stderr);
    fputc('\n', stderr);
    return CLI_FAILURE;
}

/* C1, the other controls, is C2 80 to C2 9F. */
static bool is_plain(const char *s, size_t n)
{
    const unsigned char *u = (const unsigned char *)s;

    return n > 0 && u[0] >= ' ' && u[0] != 0x7f && u[0] != '\\' &&
           !(u[0] == 0xc2 && u[1] < 0xa0);
}

static int spell(char out[8], unsigned char c)
{
    static const char from[] = "\n\t\r\\", to[] = "ntr\\";
    const char *at = strchr(from, c);

    if (at && c)
        return snprintf(out, 8, "\\%c", to[at - from]);
    return snprintf(out, 8, "\\x%02x", c);
}

const char *cli_visible(char *out, size_t size, const char *text)
{
    size_t at = 0;

    while (*text) {
        size_t n = lat_utf8_length(text);
        bool plain = is_plain(text, n);
        char spelt[8];
        size_t len = plain ? n : (size_t)spell(spelt, (unsigned char)*text);

        if (at + len >= size)
            break;
        memcpy(out + at, plain ? text : spelt, len);
        at += len;
        text += plain ? n : 1;
    }
    out[at] = '\0';
    return out;
}

enum lat_code cli_write(const struct lat_buf *b, const char *path,
                        struct lat_err *err)
{
    if (b->failed)
        return lat_fail(err, LAT_ENOMEM, "the output");
    if (path && strcmp(path, "-") != 0)
        return lat_file_write(path, b->v, b->len, err);
    if (fwrite(b->v, 1, b->len, stdout) != b->len || fflush(stdout) != 0)
        return lat_fail(err, LAT_EIO, "standard output: %s", strerror(errno));
    return LAT_OK;
}

void cli_put_string(struct lat_buf *b, const char *s)
{
    json_t *j = json_string(s);
    char *text = json_dumps(j, JSON_ENCODE_ANY);

    /* What is not UTF-8 has no place in JSON. */
    lat_buf_puts(b, text ? text : "\"?\"");
    free(text);
    json_decref(j);
}

void cli_put_float(struct lat_buf *b, float v)
{
    char text[LAT_NUMBER_MAX];

    lat_buf_put(b, text, (size_t)(lat_number_print(text, v) - text));
}

void cli_put_floats(struct lat_buf *b, const float *v, size_t n)
{
    lat_buf_puts(b, "[");
    for (size_t i = 0; i < n; i++) {
        if (i)
            lat_buf_puts(b, ", ");
        cli_put_float(b, v[i]);
    }
    lat_buf_puts(b, "]");
}

enum lat_code cli_recipe_set(struct lat_recipe *r, const char *pair,
                             struct lat_err *err)
{
    const char *eq = strchr(pair, '=');
    char key[64];

    if (!eq || (size_t)(eq - pair) >= sizeof(key))
        return lat_fail(err, LAT_EINVAL, "--set %s: must be KEY=VALUE", pair);
    memcpy(key, pair, (size_t)(eq - pair));
    key[eq - pair] = '\0';
    return lat_recipe_set(r, key, eq + 1, err);
}

unsigned cli_threads(uint64_t asked)
{
    long n = sysconf(_SC_NPROCESSORS_ONLN);

    if (asked)
        return (unsigned)asked;
    return n > 0 ? (unsigned)n : 1;
}
