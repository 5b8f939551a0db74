/* cached.c - GET /v1/embeddings/{digest}: what was embedded before. */
#include "../api.h"

#include "../recall.h"
#include "heads.h"
#include "inputs.h"

#include <string.h>

/* sha256: and 64 hexadecimal digits, or only these. */
static bool read_digest(uint8_t digest[LAT_DIGEST], const char *text)
{
    static const char digits[] = "0123456789abcdef";

    if (strncmp(text, "sha256:", 7) == 0)
        text += 7;
    if (strlen(text) != 2 * LAT_DIGEST)
        return false;
    for (size_t i = 0; i < LAT_DIGEST; i++) {
        const char *high = strchr(digits, text[2 * i]);
        const char *low = strchr(digits, text[2 * i + 1]);

        if (!high || !low)
            return false;
        digest[i] = (uint8_t)((high - digits) << 4 | (low - digits));
    }
    return true;
}

struct lookup {
    struct latd_embed_req asked;
    struct latd_model *model;
    uint8_t digest[LAT_DIGEST];
    bool parts;
    enum lat_gate_mode mode;
    float *z, *likely;
};

static enum lat_code look(struct lookup *l, struct latd_req *req)
{
    const struct lat_card *card = l->model->card;
    const struct latd_item item = {
        .model = l->model, .parts = l->parts, .mode = l->mode};
    struct latd_cache_ask ask = {.model = card->weights_digest,
                                 .dims = latd_item_floats(card, l->parts)};
    bool found;

    l->z = lat_calloc(ask.dims, sizeof(*l->z));
    if (!l->z)
        return lat_fail(&req->err, LAT_ENOMEM, "embedding");
    ask.y = l->z;
    latd_recall_key(ask.key, &item, l->digest);
    found = latd_cache_get(req->app->cache, &ask);
    atomic_fetch_add(&l->model->series->cache[found ? LATD_RECALLED_HIT
                                                    : LATD_RECALLED_MISS],
                     1);
    if (found)
        return LAT_OK;
    return lat_fail_word(&req->err, LAT_ENOENT, "embedding_not_found",
                         "no embedding of %.80s by %s is cached", req->param,
                         l->model->id);
}

static enum lat_code read_request(struct lookup *l, struct latd_req *req)
{
    struct latd_params query = latd_query_params(req);
    enum lat_code code;

    if (!read_digest(l->digest, req->param))
        return lat_fail(&req->err, LAT_EINVAL,
                        "digest %.80s, expected sha256: and 64 hexadecimal "
                        "digits",
                        req->param);
    code = latd_wire_embed_query(&l->asked, &query, &req->err);
    if (code)
        return code;
    code =
        latd_models_ref(req->app->models, l->asked.model, &l->model, &req->err);
    if (code)
        return lat_at(&req->err, code, "model");
    code = latd_check_options(&l->asked, l->model->card, &req->err);
    l->parts = latd_wants_parts(&l->mode, &l->asked, l->model->card);
    return code;
}

static enum lat_code encode(struct lookup *l, struct latd_req *req)
{
    struct latd_embed_item item = {
        .z = l->z,
        .digest = l->digest,
        .code = l->parts ? latd_item_code(l->model->card, l->z)
                         : (struct lat_image_code){0},
        .cache = "hit"};
    const struct latd_embed_reply reply = {
        .model = l->model->id,
        .precision = lat_plan_precision(l->model->plan),
        .card = l->model->card,
        .req = &l->asked,
        .items = &item,
        .n = 1,
        .mode = l->mode};
    size_t json_len;
    enum lat_code code =
        latd_heads_say(&l->likely, &item, 1, &l->asked, l->model, &req->err);

    if (!code)
        code = latd_wire_embed_encode_one(&req->reply.body, &json_len, &reply,
                                          &req->err);
    if (code)
        return code;
    if (l->asked.encoding == LATD_BYTES) {
        req->reply.type = "application/octet-stream";
        latd_reply_header(&req->reply, "Inference-Header-Content-Length", "%zu",
                          json_len);
    }
    latd_reply_header(&req->reply, "Cache-Status", "latentd; hit");
    latd_reply_etag_body(req);
    return LAT_OK;
}

static enum lat_code cached_reply(struct latd_req *req)
{
    struct lookup l = {0};
    enum lat_code code = read_request(&l, req);

    if (code == LAT_OK)
        code = look(&l, req);
    if (code == LAT_OK)
        code = encode(&l, req);
    lat_free(l.z);
    lat_free(l.likely);
    latd_model_unref(l.model);
    return code;
}

const struct latd_handler latd_embeddings_get = {.reply = cached_reply};
