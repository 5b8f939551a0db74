/* config.c - see config.h: the table, and what can be done with it. */
#include "config.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 20 };

struct setting {
    const char *name, *text, *sentence;
    uint64_t number, least, most;
    size_t offset;
    bool is_number;
};

static const struct setting settings[] = {
#define TEXT(field, name, text, sentence) \
    {name, text, sentence, 0, 0, 0, offsetof(struct latd_config, field), false},
#define NUMBER(field, name, number, least, most, sentence) \
    {name,                                                 \
     "",                                                   \
     sentence,                                             \
     number,                                               \
     least,                                                \
     most,                                                 \
     offsetof(struct latd_config, field),                  \
     true},
    LATD_CONFIG_MAP(TEXT, NUMBER)
#undef TEXT
#undef NUMBER
};

static const char *const origins[] = {"default", "file", "environment", "flag"};

static char *text_at(struct latd_config *c, const struct setting *s)
{
    return (char *)c + s->offset;
}

static uint64_t *number_at(struct latd_config *c, const struct setting *s)
{
    return (uint64_t *)(void *)((char *)c + s->offset);
}

void latd_config_init(struct latd_config *c)
{
    *c = (struct latd_config){0};
    for (size_t i = 0; i < LATD_N_SETTINGS; i++) {
        const struct setting *s = &settings[i];

        if (s->is_number)
            *number_at(c, s) = s->number;
        else
            snprintf(text_at(c, s), LATD_TEXT_MAX, "%s", s->text);
    }
}

const char *latd_config_name(enum latd_setting i)
{
    return settings[i].name;
}

const char *latd_config_sentence(enum latd_setting i)
{
    return settings[i].sentence;
}

/* ---- one value --------------------------------------------------------- */

static unsigned shift_of(char suffix)
{
    switch (suffix) {
    case 'K':
        return 10;
    case 'M':
        return 20;
    case 'G':
        return 30;
    default:
        return 0;
    }
}

static enum lat_code set_number(uint64_t *out, const struct setting *s,
                                const char *value, struct lat_err *err)
{
    char *end = NULL;
    unsigned long long n;
    unsigned shift;

    errno = 0;
    n = strtoull(value, &end, 10);
    shift = shift_of(*end);
    if (!isdigit((unsigned char)value[0]) || end[shift > 0] || errno)
        return lat_fail(err, LAT_EINVAL, "%s is \"%.60s\", expected a number",
                        s->name, value);
    if (n > s->most >> shift || n << shift < s->least)
        return lat_fail(err, LAT_EINVAL, "%s is %.60s, must be %llu to %llu",
                        s->name, value, (unsigned long long)s->least,
                        (unsigned long long)s->most);
    *out = n << shift;
    return LAT_OK;
}

static enum lat_code set_text(char *out, const struct setting *s,
                              const char *value, struct lat_err *err)
{
    if (strlen(value) >= LATD_TEXT_MAX)
        return lat_fail(err, LAT_EINVAL, "%s has %zu bytes, at most %d",
                        s->name, strlen(value), LATD_TEXT_MAX - 1);
    snprintf(out, LATD_TEXT_MAX, "%s", value);
    return LAT_OK;
}

enum lat_code latd_config_set(struct latd_config *c, const char *name,
                              const char *value, enum latd_origin origin,
                              struct lat_err *err)
{
    for (size_t i = 0; i < LATD_N_SETTINGS; i++) {
        const struct setting *s = &settings[i];
        struct latd_config dry; /* a beaten value must be right all the same */
        struct latd_config *to = origin < c->origin[i] ? &dry : c;
        enum lat_code code;

        if (strcmp(s->name, name) != 0)
            continue;
        code = s->is_number ? set_number(number_at(to, s), s, value, err)
                            : set_text(text_at(to, s), s, value, err);
        if (code == LAT_OK && to == c)
            c->origin[i] = origin;
        return code;
    }
    return lat_fail(err, LAT_ENOENT, "no setting is called %.60s", name);
}

/* ---- files and environment --------------------------------------------- */

static char *trim(char *s)
{
    size_t len;

    s += strspn(s, " \t\r");
    len = strlen(s);
    while (len > 0 && strchr(" \t\r", s[len - 1]))
        s[--len] = '\0';
    return s;
}

/* A # ends the line where it begins a word. */
static void cut_comment(char *line)
{
    for (char *p = line; *p; p++)
        if (*p == '#' && (p == line || p[-1] == ' ' || p[-1] == '\t')) {
            *p = '\0';
            return;
        }
}

static enum lat_code read_line(struct latd_config *c, char *line,
                               struct lat_err *err)
{
    char *eq;

    cut_comment(line);
    line = trim(line);
    if (!*line)
        return LAT_OK;
    eq = strchr(line, '=');
    if (!eq)
        return lat_fail(err, LAT_EFORMAT, "\"%.60s\", expected name = value",
                        line);
    *eq = '\0';
    return latd_config_set(c, trim(line), trim(eq + 1), LATD_FILE, err);
}

enum lat_code latd_config_read(struct latd_config *c, const char *path,
                               struct lat_err *err)
{
    char *text = NULL, *next = NULL;
    size_t len, number = 0;
    enum lat_code code = lat_file_read(&text, &len, path, FILE_MAX, err);

    for (char *line = text; !code && line; line = next) {
        next = strchr(line, '\n');
        if (next)
            *next++ = '\0';
        number++;
        code = read_line(c, line, err);
        if (code)
            code = lat_wrap(err, code, "line %zu", number);
    }
    lat_free(text);
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}

enum lat_code latd_config_environ(struct latd_config *c, char *const *env,
                                  struct lat_buf *unknown, struct lat_err *err)
{
    static const char prefix[] = "LATENTD_";

    for (; *env; env++) {
        const char *p = *env + sizeof(prefix) - 1, *eq = strchr(*env, '=');
        char name[64] = "";
        enum lat_code code;

        if (strncmp(*env, prefix, sizeof(prefix) - 1) != 0 || !eq)
            continue;
        for (size_t i = 0; p + i < eq && i < sizeof(name) - 1; i++)
            name[i] = p[i] == '_' ? '-' : (char)tolower((unsigned char)p[i]);
        code = latd_config_set(c, name, eq + 1, LATD_ENVIRONMENT, err);
        if (code == LAT_ENOENT)
            lat_buf_printf(unknown, "%s%.*s", unknown->len ? ", " : "",
                           (int)(eq - *env), *env);
        else if (code)
            return lat_wrap(err, code, "environment");
    }
    return LAT_OK;
}

/* ---- the whole --------------------------------------------------------- */

enum lat_code latd_config_check(const struct latd_config *c,
                                struct lat_err *err)
{
    if (c->max_inputs > c->max_queue)
        return lat_fail(err, LAT_EINVAL,
                        "max-inputs is %llu, more than max-queue (%llu): such "
                        "a request could never be admitted",
                        (unsigned long long)c->max_inputs,
                        (unsigned long long)c->max_queue);
    if (c->max_body_bytes > c->max_buffered_bytes)
        return lat_fail(err, LAT_EINVAL,
                        "max-body-bytes is %llu, more than max-buffered-bytes "
                        "(%llu)",
                        (unsigned long long)c->max_body_bytes,
                        (unsigned long long)c->max_buffered_bytes);
    if (!c->tls_cert[0] != !c->tls_key[0])
        return lat_fail(err, LAT_EINVAL,
                        "tls-cert and tls-key go together, there is only %s",
                        c->tls_cert[0] ? "tls-cert" : "tls-key");
    if (c->tls_client_ca[0] && !c->tls_cert[0])
        return lat_fail(err, LAT_EINVAL,
                        "tls-client-ca wants tls-cert and tls-key");
    if (c->connection_limit < c->http_threads)
        return lat_fail(err, LAT_EINVAL,
                        "connection-limit is %llu, fewer than http-threads "
                        "(%llu)",
                        (unsigned long long)c->connection_limit,
                        (unsigned long long)c->http_threads);
    return LAT_OK;
}

void latd_config_print(const struct latd_config *c, struct lat_buf *out)
{
    struct latd_config copy = *c;

    for (size_t i = 0; i < LATD_N_SETTINGS; i++) {
        const struct setting *s = &settings[i];
        char value[LATD_TEXT_MAX];

        if (s->is_number)
            snprintf(value, sizeof(value), "%llu",
                     (unsigned long long)*number_at(&copy, s));
        else
            snprintf(value, sizeof(value), "%s", text_at(&copy, s));
        lat_buf_printf(out, "%s = %-*s # %s\n", s->name,
                       (int)(36 - strlen(s->name)), value,
                       origins[c->origin[i]]);
    }
}

void latd_config_sample(struct lat_buf *out)
{
    lat_buf_puts(out,
                 "# latentd.conf - every setting with its default.\n"
                 "#\n"
                 "# A flag (--max-queue 100) beats an environment variable\n"
                 "# (LATENTD_MAX_QUEUE=100), which beats this file.  Numbers\n"
                 "# may end in K, M or G.  latentd --print-config shows what\n"
                 "# holds and where it came from; latentd --sample-config\n"
                 "# writes this file.\n");
    for (size_t i = 0; i < LATD_N_SETTINGS; i++) {
        const struct setting *s = &settings[i];

        if (strcmp(s->name, "config") == 0)
            continue;
        lat_buf_printf(out, "\n# %s.\n#%s =", s->sentence, s->name);
        if (s->is_number)
            lat_buf_printf(out, " %llu\n", (unsigned long long)s->number);
        else
            lat_buf_printf(out, "%s%s\n", s->text[0] ? " " : "", s->text);
    }
}
