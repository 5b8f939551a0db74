/* parameters.c - see parameters.h. */
#include "parameters.h"

#include "api.h"
#include "wire.h"

#include <stdio.h>
#include <string.h>

/* What an embedding is to become; how a body that is not JSON is read. */
#define ITEM "encoding_format include partition normalize dimensions gate_mode"
#define BODY                                                        \
    "model modality windowing hop_samples pool channel_match user " \
    "timeout_ms rate unit channels dtype shape scale offset layout"
#define FOUND "subject model digest metadata[]"
#define PAGE "after limit"

static const struct {
    const struct latd_handler *handler;
    const char *words;
} table[] = {
    {&latd_embeddings, BODY " on_error " ITEM},
    {&latd_embeddings_get, "model " ITEM},
    {&latd_validate, BODY " on_error " ITEM},
    {&latd_files_index, PAGE " order purpose"},
    {&latd_jobs_index, PAGE " metadata[]"},
    {&latd_jobs_events, PAGE},
    {&latd_jobs_checkpoints, PAGE},
    {&latd_recordings_index, FOUND " " PAGE " include encoding_format"},
    {&latd_recordings_export, FOUND " " PAGE " format"},
    {&latd_recordings_of_query_delete, "subject"},
    {&latd_recordings_get_one, "include encoding_format"},
    {&latd_recordings_put_one, BODY " subject metadata store_waveform"},
};

const char *latd_parameters_of(const struct latd_handler *handler)
{
    for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++)
        if (table[i].handler == handler)
            return table[i].words;
    return "";
}

enum { WORDS_MAX = 40 };

struct check {
    struct latd_req *req;
    const struct latd_route *route;
    const char *words;
    bool json; /* the body says it all itself */
    bool seen[WORDS_MAX];
    enum lat_code code;
};

/* metadata[any] is metadata[]. */
static bool is_word(const char *name, const char *word, size_t len)
{
    size_t n = strlen(name);

    if (len > 2 && word[len - 1] == ']')
        return n >= len && name[n - 1] == ']' &&
               strncmp(name, word, len - 1) == 0;
    return n == len && strncmp(name, word, len) == 0;
}

/* Which word it is, and whether there may be several; WORDS_MAX: none. */
static size_t find(bool *many, const char *words, const char *name)
{
    for (size_t i = 0; *words && i < WORDS_MAX; i++) {
        size_t len = strcspn(words, " ");

        *many = words[len - 1] == ']';
        if (is_word(name, words, len))
            return i;
        words += len + (words[len] == ' ');
    }
    return WORDS_MAX;
}

static void fail(struct check *c, const char *name, const char *what)
{
    char known[sizeof(c->req->err.msg)] = "";
    size_t n = 0;

    for (const char *p = c->words; *p && n + 2 < sizeof(known); p++) {
        if (*p == ' ')
            known[n++] = ',';
        known[n++] = *p;
    }
    c->code = lat_fail_word(&c->req->err, LAT_EINVAL, "unknown_parameter",
                            "%s \"%.40s\" in the query of %s %s, which knows "
                            "%s",
                            what, name, latd_method_name(c->route->method),
                            c->route->path, n ? known : "none");
    lat_at(&c->req->err, c->code, "%.60s", name);
}

static void fail_json(struct check *c, const char *name)
{
    c->code = lat_fail_word(&c->req->err, LAT_EINVAL, "unknown_parameter",
                            "\"%.40s\" in the query is for bodies that are "
                            "not JSON; one that is says it itself",
                            name);
    lat_at(&c->req->err, c->code, "%.60s", name);
}

static void check_one(void *arg, const char *name, const char *value)
{
    struct check *c = arg;
    bool many = false;
    size_t i = find(&many, c->words, name);

    (void)value;
    if (c->code)
        return;
    if (i == WORDS_MAX)
        fail(c, name, "unknown parameter");
    else if (c->seen[i] && !many)
        fail(c, name, "a second");
    else if (c->json)
        fail_json(c, name);
    else
        c->seen[i] = true;
}

static bool is_json(const struct latd_req *req)
{
    struct latd_body body = {0};
    enum latd_kind kind;

    if (!req->get || (req->method != LATD_POST && req->method != LATD_PUT))
        return false;
    body.type = latd_req_header(req, "Content-Type");
    return !latd_wire_kind(&kind, &body, NULL) && kind == LATD_KIND_JSON;
}

enum lat_code latd_parameters_check(struct latd_req *req,
                                    const struct latd_route *r)
{
    struct check c = {.req = req,
                      .route = r,
                      .words = latd_parameters_of(r->handler),
                      .json = is_json(req)};

    if (req->each)
        req->each(req, LATD_QUERY, check_one, &c);
    return c.code;
}
