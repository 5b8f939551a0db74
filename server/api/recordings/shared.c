/* shared.c - what the handlers of recordings share. */
#include "draft.h"

#include "../../cache.h"

#include <stdlib.h>
#include <string.h>

enum lat_code latd_purge(uint64_t *purged, struct latd_app *app,
                         const struct lat_buf *keys, struct lat_err *err)
{
    *purged = 0;
    if (keys->len == 0 || !app->cache)
        return LAT_OK;
    return latd_cache_purge(purged, app->cache, (const uint8_t *)keys->v,
                            keys->len / LAT_DIGEST, err);
}

struct latd_match latd_match_of(const struct latd_req *req)
{
    return (struct latd_match){latd_req_header(req, "If-Match"),
                               latd_req_header(req, "If-None-Match")};
}

void latd_tag_text(char text[LAT_DIGEST_HEX], const uint8_t etag[LAT_DIGEST])
{
    lat_digest_hex(text, etag);
    text[32] = '\0';
}

enum lat_code latd_tag_refused(struct latd_req *req, struct latd_rows *rows)
{
    struct latd_recording r = {0};
    struct lat_err err = {0};
    char tag[LAT_DIGEST_HEX];

    if (req->err.code != LAT_EMATCH || req->reply.n_headers)
        return req->err.code;
    if (latd_recordings_get(&r, rows, req->param, 0, &err) == LAT_OK) {
        latd_tag_text(tag, r.etag);
        latd_reply_header(&req->reply, "ETag", "\"%s\"", tag);
    }
    latd_recording_fini(&r);
    return req->err.code;
}

/* ---- what is to be shown ------------------------------------------------ */

/* The models that are here now; a card stays as long as its model. */
static const struct lat_card *card_of(void *arg, const char *digest)
{
    struct latd_cards *cards = arg;
    char own[LAT_DIGEST_HEX];

    for (size_t i = 0; i < cards->n; i++) {
        latd_recordings_digest(own, cards->models[i]->card);
        if (strcmp(own, digest) == 0)
            return cards->models[i]->card;
    }
    return NULL;
}

static enum lat_code add_include(struct latd_recording_show *show,
                                 const char *word, size_t len,
                                 struct lat_err *err)
{
    if (len == 7 && strncmp(word, "vectors", len) == 0)
        show->with |= LATD_WITH_VECTORS;
    else if (len == 8 && strncmp(word, "waveform", len) == 0)
        show->with |= LATD_WITH_WAVEFORM;
    else if (len == 10 && strncmp(word, "partitions", len) == 0)
        show->partitions = true;
    else
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "include has %.*s, expected vectors, "
                               "partitions or waveform",
                               (int)(len < 40 ? len : 40), word),
                      "include");
    return LAT_OK;
}

enum lat_code latd_show_init(struct latd_recording_show *show,
                             struct latd_cards *cards, struct latd_req *req)
{
    const char *include = latd_req_query(req, "include");
    const char *encoding = latd_req_query(req, "encoding_format");
    enum lat_code code = LAT_OK;

    *show = (struct latd_recording_show){.card = card_of, .arg = cards};
    while (include && *include && !code) {
        size_t len = strcspn(include, ",");

        code = add_include(show, include, len, &req->err);
        include += len + (include[len] == ',');
    }
    if (!code && encoding && strcmp(encoding, "float") != 0 &&
        strcmp(encoding, "base64") != 0)
        code =
            lat_at(&req->err,
                   lat_fail_word(&req->err, LAT_EINVAL, "unsupported_encoding",
                                 "encoding_format is %.40s, expected float "
                                 "or base64",
                                 encoding),
                   "encoding_format");
    show->base64 = encoding && strcmp(encoding, "base64") == 0;
    if (!code && show->partitions)
        code = latd_models_list(req->app->models, &cards->models, &cards->n,
                                &req->err);
    return code;
}

void latd_cards_fini(struct latd_cards *cards)
{
    if (cards->models)
        latd_models_list_free(cards->models, cards->n);
    *cards = (struct latd_cards){0};
}

unsigned latd_show_reads(const struct latd_recording_show *show)
{
    return show->with | (show->partitions ? LATD_WITH_VECTORS : 0);
}

/* ---- what is to be found ------------------------------------------------ */

/* metadata[key]=value, as many as may be. */
static void add_metadata(void *arg, const char *name, const char *value)
{
    struct latd_finding *f = arg;
    size_t len = strlen(name);

    if (strncmp(name, "metadata[", 9) != 0 || name[len - 1] != ']')
        return;
    f->n_said++;
    if (f->filter.n == LATD_FILTERS_MAX || len - 10 >= sizeof(f->keys[0])) {
        f->too_much = true;
        return;
    }
    memcpy(f->keys[f->filter.n], name + 9, len - 10);
    f->filter.metadata[f->filter.n].key = f->keys[f->filter.n];
    f->filter.metadata[f->filter.n].value = value;
    f->filter.n++;
}

enum lat_code latd_finding_init(struct latd_finding *f, struct latd_req *req)
{
    *f = (struct latd_finding){0};
    f->filter.after = latd_req_query(req, "after");
    f->filter.subject = latd_req_query(req, "subject");
    f->filter.model = latd_req_query(req, "model");
    f->filter.digest = latd_req_query(req, "digest");
    if (req->each)
        req->each(req, LATD_QUERY, add_metadata, f);
    if (f->too_much)
        return lat_at(&req->err,
                      lat_fail(&req->err, LAT_EINVAL,
                               "%zu conditions on metadata, expected at most "
                               "%d, with keys of at most %zu bytes",
                               f->n_said, LATD_FILTERS_MAX,
                               sizeof(f->keys[0]) - 1),
                      "metadata");
    return LAT_OK;
}

enum lat_code latd_limit_of(size_t *limit, struct latd_req *req, size_t most)
{
    const char *text = latd_req_query(req, "limit");
    char *end;
    unsigned long n;

    if (!text)
        return LAT_OK;
    n = strtoul(text, &end, 10);
    if (*text < '0' || *text > '9' || *end || n < 1 || n > most)
        return lat_at(&req->err,
                      lat_fail(&req->err, LAT_EINVAL,
                               "limit is %.40s, expected 1 to %zu", text, most),
                      "limit");
    *limit = n;
    return LAT_OK;
}
