/* keys.c - see keys.h. */
#include "keys.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

enum { FILE_MAX = 1 << 20 };

static const char *const scope_names[] = {
#define XX(name, text) text,
    LATD_SCOPE_MAP(XX)
#undef XX
};

const char *latd_scope_name(enum latd_scope scope)
{
    return scope_names[scope];
}

/* ---- words ------------------------------------------------------------- */

static bool is_word(const char *p, size_t len, const char *word)
{
    return strlen(word) == len && memcmp(p, word, len) == 0;
}

enum lat_code latd_scopes_parse(unsigned *out, const char *text,
                                struct lat_err *err)
{
    unsigned bits = 0;

    for (const char *p = text;; p++) {
        size_t len = strcspn(p, ",");
        int scope = LATD_SCOPE_READ;

        while (scope < LATD_N_SCOPES && !is_word(p, len, scope_names[scope]))
            scope++;
        if (scope == LATD_N_SCOPES)
            return lat_fail(err, LAT_EINVAL,
                            "%.*s is no scope, there are read, embed, train "
                            "and admin",
                            (int)(len < 40 ? len : 40), p);
        bits |= 1u << scope;
        p += len;
        if (!*p)
            break;
    }
    *out = bits;
    return LAT_OK;
}

void latd_scopes_print(struct lat_buf *out, unsigned scopes)
{
    const char *comma = "";

    for (int s = LATD_SCOPE_READ; s < LATD_N_SCOPES; s++) {
        if (!(scopes & 1u << s))
            continue;
        lat_buf_printf(out, "%s%s", comma, scope_names[s]);
        comma = ",";
    }
}

bool latd_key_name_ok(const char *name)
{
    size_t len = strlen(name);

    return len > 0 && len < LATD_KEY_NAME &&
           strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                        "0123456789._-") == len;
}

void latd_key_digest(uint8_t digest[LAT_DIGEST], const char *text)
{
    struct lat_sha256 h;

    lat_sha256_init(&h);
    lat_sha256_add(&h, text, strlen(text));
    lat_sha256_end(&h, digest);
}

static int digit_of(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool parse_hex(uint8_t digest[LAT_DIGEST], const char *hex)
{
    if (strlen(hex) != 2 * LAT_DIGEST)
        return false;
    for (size_t i = 0; i < LAT_DIGEST; i++) {
        int hi = digit_of(hex[2 * i]), lo = digit_of(hex[2 * i + 1]);

        if (hi < 0 || lo < 0)
            return false;
        digest[i] = (uint8_t)(hi * 16 + lo);
    }
    return true;
}

static bool parse_number(uint64_t *out, const char *text)
{
    char *end;

    errno = 0;
    *out = strtoull(text, &end, 10);
    return isdigit((unsigned char)text[0]) && !*end && !errno &&
           *out <= INT64_MAX;
}

/* ---- one line ---------------------------------------------------------- */

/* The next word of *line, ended by a NUL, or NULL. */
static char *next_word(char **line)
{
    char *word = *line + strspn(*line, " \t\r");
    char *end = word + strcspn(word, " \t\r");

    if (!*word)
        return NULL;
    *line = *end ? end + 1 : end;
    *end = '\0';
    return word;
}

/* rate=10 and its like. */
static enum lat_code parse_option(struct latd_key *key, char *word,
                                  struct lat_err *err)
{
    char *eq = strchr(word, '=');
    uint64_t n = 0;

    if (eq)
        *eq = '\0';
    if (!eq || !parse_number(&n, eq + 1))
        return lat_fail(err, LAT_EFORMAT, "%.40s%s%.40s, expected NAME=NUMBER",
                        word, eq ? "=" : "", eq ? eq + 1 : "");
    if (strcmp(word, "created") == 0)
        key->created = (int64_t)n;
    else if (strcmp(word, "expires") == 0)
        key->expires = (int64_t)n;
    else if (strcmp(word, "rate") == 0)
        key->rate = n;
    else if (strcmp(word, "burst") == 0)
        key->burst = n;
    else if (strcmp(word, "bytes") == 0)
        key->bytes = n;
    else
        return lat_fail(err, LAT_EFORMAT,
                        "%.40s=, expected created, expires, rate, burst or "
                        "bytes",
                        word);
    return LAT_OK;
}

static enum lat_code parse_key(struct latd_key *key, char *line,
                               struct lat_err *err)
{
    char *name = next_word(&line), *scopes = next_word(&line);
    char *hex = next_word(&line), *word;
    enum lat_code code;

    if (!hex)
        return lat_fail(err, LAT_EFORMAT, "expected NAME SCOPES SHA256");
    *key = (struct latd_key){.rate = LATD_BY_SETTING,
                             .burst = LATD_BY_SETTING,
                             .bytes = LATD_BY_SETTING};
    if (!latd_key_name_ok(name))
        return lat_fail(err, LAT_EFORMAT,
                        "the name of a key has letters, digits and . _ -, at "
                        "most %d",
                        LATD_KEY_NAME - 1);
    memcpy(key->name, name, strlen(name) + 1);
    code = latd_scopes_parse(&key->scopes, scopes, err);
    if (!code && !parse_hex(key->digest, hex))
        code =
            lat_fail(err, LAT_EFORMAT, "%s: no SHA-256 in %d lower-case digits",
                     name, 2 * LAT_DIGEST);
    while (!code && (word = next_word(&line)))
        code = parse_option(key, word, err);
    return code;
}

/* ---- the file ---------------------------------------------------------- */

struct latd_key *latd_keys_find(const struct latd_keys *keys, const char *name)
{
    for (size_t i = 0; i < keys->n; i++)
        if (strcmp(keys->v[i].name, name) == 0)
            return &keys->v[i];
    return NULL;
}

static enum lat_code add(struct latd_keys *keys, const struct latd_key *key,
                         struct lat_err *err)
{
    if (latd_keys_find(keys, key->name))
        return lat_fail(err, LAT_EFORMAT, "a second key %s", key->name);
    for (size_t i = 0; i < keys->n; i++)
        if (memcmp(keys->v[i].digest, key->digest, LAT_DIGEST) == 0)
            return lat_fail(err, LAT_EFORMAT, "%s is the same key as %s",
                            key->name, keys->v[i].name);
    if (keys->n == LATD_KEYS_MAX)
        return lat_fail(err, LAT_ETOOBIG, "at most %d keys", LATD_KEYS_MAX);
    keys->v[keys->n++] = *key;
    return LAT_OK;
}

static enum lat_code parse_lines(struct latd_keys *keys, char *text,
                                 struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    size_t number = 0;

    for (char *line = text, *next; !code && line; line = next) {
        struct latd_key key;

        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        line += strspn(line, " \t\r");
        if (!*line || *line == '#')
            continue;
        code = parse_key(&key, line, err);
        if (!code)
            code = add(keys, &key, err);
        if (code)
            return lat_wrap(err, code, "line %zu", number);
    }
    return code;
}

enum lat_code latd_keys_parse(struct latd_keys *out, const char *text,
                              struct lat_err *err)
{
    struct latd_keys keys = {.v = lat_calloc(LATD_KEYS_MAX, sizeof(*keys.v))};
    char *copy = lat_strdup(text);
    enum lat_code code = LAT_OK;

    if (!keys.v || !copy)
        code = lat_fail(err, LAT_ENOMEM, "keys");
    if (!code)
        code = parse_lines(&keys, copy, err);
    lat_free(copy);
    if (code)
        latd_keys_fini(&keys);
    else
        *out = keys;
    return code;
}

enum lat_code latd_keys_read(struct latd_keys *out, const char *path,
                             struct lat_err *err)
{
    char *text = NULL;
    size_t len;
    struct stat st;
    enum lat_code code = lat_file_read(&text, &len, path, FILE_MAX, err);

    if (code)
        return code;
    if (stat(path, &st) == 0 && (st.st_mode & (S_IWGRP | S_IWOTH)))
        code = lat_fail(err, LAT_EACCESS,
                        "others may write it (mode %03o), expected 600",
                        (unsigned)st.st_mode & 0777);
    else if (strlen(text) != len)
        code = lat_fail(err, LAT_EFORMAT, "a NUL byte in it");
    else
        code = latd_keys_parse(out, text, err);
    lat_free(text);
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}

static void print_limit(struct lat_buf *out, const char *name, uint64_t n)
{
    if (n != LATD_BY_SETTING)
        lat_buf_printf(out, " %s=%" PRIu64, name, n);
}

void latd_keys_print(struct lat_buf *out, const struct latd_keys *keys)
{
    lat_buf_puts(out,
                 "# Keys of latentd, by latent keys: NAME SCOPES SHA256\n");
    for (size_t i = 0; i < keys->n; i++) {
        const struct latd_key *key = &keys->v[i];
        char hex[LAT_DIGEST_HEX];

        lat_digest_hex(hex, key->digest);
        lat_buf_printf(out, "%s ", key->name);
        latd_scopes_print(out, key->scopes);
        lat_buf_printf(out, " %s created=%" PRId64, hex, key->created);
        if (key->expires)
            lat_buf_printf(out, " expires=%" PRId64, key->expires);
        print_limit(out, "rate", key->rate);
        print_limit(out, "burst", key->burst);
        print_limit(out, "bytes", key->bytes);
        lat_buf_puts(out, "\n");
    }
}

void latd_keys_fini(struct latd_keys *keys)
{
    lat_free(keys->v);
    *keys = (struct latd_keys){0};
}
