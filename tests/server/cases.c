/* cases.c - see cases.h. */
#define _GNU_SOURCE
#include "cases.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int is_case(const struct dirent *d)
{
    const char *dot = strrchr(d->d_name, '.');

    return dot && strcmp(dot, ".case") == 0;
}

static bool pick(char *path, size_t size, const char *dir, size_t n)
{
    const char *root = getenv("LATENTD_SRCDIR");
    struct dirent **list;
    char folder[2048];
    int found;

    snprintf(folder, sizeof(folder), "%s/tests/cases/%s", root ? root : ".",
             dir);
    found = scandir(folder, &list, is_case, alphasort);
    path[0] = '\0';
    for (int i = 0; i < found; i++) {
        if ((size_t)i == n)
            snprintf(path, size, "%s/%s", folder, list[i]->d_name);
        free(list[i]);
    }
    if (found >= 0)
        free(list);
    return path[0] != '\0';
}

/* Each line end but the last two, the file's own, becomes CR LF. */
static void widen(struct wire_case *c)
{
    struct lat_buf b = {0};

    for (size_t i = 0; i < c->body_len; i++) {
        if (c->body[i] == '\n')
            lat_buf_puts(&b, "\r");
        lat_buf_put(&b, c->body + i, 1);
    }
    c->body_own = c->body = b.v;
    c->body_len = b.len;
}

static void split_query(struct wire_case *c)
{
    const char *query = case_get(c, "Query");

    snprintf(c->query, sizeof(c->query) - 1, "%s", query ? query : "");
    for (char *p = c->query; *p; p++)
        if (*p == '&')
            *p = '\0';
}

bool case_parse(struct wire_case *c, char *file, size_t len)
{
    c->head = c->file = file;
    c->body = len ? memmem(file, len - 1, "\n\n", 2) : NULL;
    if (!c->body)
        return false;
    *c->body = '\0';
    c->body += 2;
    c->body_len = (size_t)(file + len - c->body) - 1; /* its last \n */
    if (case_get(c, "Body") && lat_base64_decode(&c->body_own, &c->body_len,
                                                 c->body, c->body_len, NULL))
        return false;
    if (c->body_own)
        c->body = c->body_own;
    else if (c->body_len && case_get(c, "Lines"))
        widen(c);
    split_query(c);
    return true;
}

bool case_open(struct wire_case *c, const char *dir, size_t n)
{
    char path[4096], *file;
    size_t len;

    *c = (struct wire_case){0};
    if (!pick(path, sizeof(path), dir, n) ||
        lat_file_read(&file, &len, path, 1 << 24, NULL))
        return false;
    snprintf(c->name, sizeof(c->name), "%.80s/%.100s", dir,
             strrchr(path, '/') + 1);
    if (!case_parse(c, file, len))
        abort();
    return true;
}

void case_close(struct wire_case *c)
{
    lat_free(c->body_own);
    lat_free(c->file);
}

const char *case_get(const struct wire_case *c, const char *name)
{
    static char value[4096];
    size_t len = strlen(name);

    for (const char *p = c->head; p; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, name, len) == 0 && p[len] == ':') {
            snprintf(value, sizeof(value), "%.*s",
                     (int)strcspn(p + len + 2, "\n"), p + len + 2);
            return value;
        }
    }
    return NULL;
}

static unsigned status_of(enum lat_code code)
{
    switch (code) {
    case LAT_OK:
        return 200;
    case LAT_EINVAL:
    case LAT_EFORMAT:
        return 400;
    case LAT_ETOOBIG:
        return 413;
    case LAT_EMEDIA:
        return 415;
    case LAT_EUNFIT:
        return 422;
    default:
        return 500;
    }
}

bool case_same(const char *what, const char *got, const char *want,
               const char *name)
{
    if (!want || strcmp(got, want) == 0)
        return true;
    fprintf(stderr, "%s: %s is \"%s\", expected \"%s\"\n", name, what, got,
            want);
    return false;
}

/* Expect: status, word and param; the latter two may be left out. */
bool case_expected(const struct wire_case *c, enum lat_code code,
                   const struct lat_err *err)
{
    char want[256] = "", status[16], *word, *param, *rest = want;
    bool good;

    snprintf(want, sizeof(want), "%s", case_get(c, "Expect"));
    snprintf(status, sizeof(status), "%u", status_of(code));
    good = case_same("status", status, strsep(&rest, " "), c->name);
    word = strsep(&rest, " ");
    param = rest;
    good &= case_same("word", latd_wire_error_word(err), word, c->name);
    good &=
        case_same("param", err->param, word && !param ? "" : param, c->name);
    if (case_get(c, "Message") && !strstr(err->msg, case_get(c, "Message"))) {
        fprintf(stderr, "%s: message is \"%s\"\n", c->name, err->msg);
        good = false;
    }
    if (!good)
        fprintf(stderr, "    %s\n", err->msg);
    return good;
}

static const char *query_get(const void *arg, const char *name)
{
    const struct wire_case *c = arg;
    size_t len = strlen(name);

    for (const char *p = c->query; *p; p += strlen(p) + 1)
        if (strncmp(p, name, len) == 0 && p[len] == '=')
            return p + len + 1;
    return NULL;
}

struct latd_body case_body(const struct wire_case *c, char **type,
                           char **encoding)
{
    const char *v = case_get(c, "Content-Type");

    *type = v ? lat_strdup(v) : NULL;
    v = case_get(c, "Content-Encoding");
    *encoding = v ? lat_strdup(v) : NULL;
    return (struct latd_body){.type = *type,
                              .encoding = *encoding,
                              .data = c->body,
                              .len = c->body_len,
                              .query = {query_get, c}};
}
