/* replied.c - see replied.h. */
#include "replied.h"

#include <string.h>

/* Of a body, and of its reply. */
enum { LONGEST = 1 << 16 };

/* What stands before the bytes of a reply that is kept. */
struct kept {
    char asked[128]; /* the model, as the request named it … */
    char id[LATD_MODEL_MAX];
    char card[LAT_DIGEST_HEX], arithmetic[32]; /* … and which that was */
    uint64_t n_windows, n_samples, json_len;
};

/* ---- what was asked ---- */

/* Each text with its end; none at all is not the empty one. */
static void add_text(struct lat_sha256 *h, const char *text)
{
    lat_sha256_add(h, text ? "+" : "-", 1);
    if (text)
        lat_sha256_add(h, text, strlen(text) + 1);
}

static void add_pair(void *arg, const char *name, const char *value)
{
    add_text(arg, name);
    add_text(arg, value);
}

static void key_of(uint8_t key[LAT_DIGEST], const struct latd_req *req)
{
    const struct latd_body body = latd_body_of(req);
    struct lat_sha256 h;

    lat_sha256_init(&h);
    add_text(&h, "reply");
    add_text(&h, req->path);
    add_text(&h, body.type);
    add_text(&h, body.encoding);
    req->each(req, LATD_QUERY, add_pair, &h);
    add_text(&h, NULL);
    lat_sha256_add(&h, body.data, body.len);
    lat_sha256_end(&h, key);
}

/* ---- find ---- */

static bool is_model(const struct kept *k, const struct latd_model *m)
{
    return strcmp(k->id, m->id) == 0 && strcmp(k->card, m->card->digest) == 0 &&
           strcmp(k->arithmetic, lat_plan_arithmetic(m->plan)) == 0;
}

/* Each window is a hit. */
static void count(struct latd_app *app, const struct latd_model *m,
                  const struct kept *k)
{
    const size_t n = (size_t)k->n_windows;

    latd_hist_count(&app->metrics->batch_inputs, n);
    latd_hist_count(&app->metrics->batch_samples, (size_t)k->n_samples);
    atomic_fetch_add(&m->series->cache[LATD_RECALLED_HIT], n);
    latd_cache_reply_counts(app->cache, n);
}

/* What is kept is for the model that its name stands for now. */
static bool holds(struct latd_app *app, const struct kept *k)
{
    struct latd_model *model = NULL;
    bool same = false;

    if (latd_models_ref(app->models, k->asked, &model, NULL))
        return false;
    same = is_model(k, model);
    if (same)
        count(app, model, k);
    latd_model_unref(model);
    return same;
}

bool latd_replied_find(struct latd_replied *r, struct latd_req *req)
{
    struct lat_buf found = {0};
    struct kept k;
    bool good = false;

    r->asked =
        req->each && req->body_len <= LONGEST && !latd_passes_no_store(req);
    if (!r->asked)
        return false;
    key_of(r->key, req);
    if (latd_cache_reply_get(req->app->cache, r->key, &found, &r->era) &&
        !found.failed) {
        memcpy(&k, found.v, sizeof(k));
        good = holds(req->app, &k);
    }
    if (good) {
        r->n_windows = (size_t)k.n_windows;
        r->json_len = (size_t)k.json_len;
        lat_buf_put(&req->reply.body, found.v + sizeof(k),
                    found.len - sizeof(k));
    }
    lat_buf_fini(&found);
    return good;
}

/* ---- keep ---- */

static bool all_known(const struct latd_passes *p)
{
    for (size_t k = 0; k < p->n; k++)
        if (p->recalls[k].how != LATD_RECALLED_HIT)
            return false;
    return p->n > 0;
}

/* No input is wrong, or worth a warning. */
static bool all_plain(const struct latd_inputs *in)
{
    for (size_t i = 0; i < in->asked.n; i++) {
        const struct lat_windows *w = in->prepared[i].windows;

        if (!w)
            return false;
        for (int k = 0; k < LAT_N_WARNINGS; k++)
            if (w->warned[k])
                return false;
    }
    return true;
}

void latd_replied_keep(const struct latd_replied *r, struct latd_req *req,
                       const struct latd_inputs *in,
                       const struct latd_passes *p, size_t json_len)
{
    const struct lat_buf *body = &req->reply.body;
    struct kept k = {.n_windows = in->n_windows,
                     .n_samples = in->n_samples,
                     .json_len = json_len};
    struct lat_buf kept = {0};

    if (!r->asked || body->failed || body->len > LONGEST || !all_known(p) ||
        !all_plain(in))
        return;
    strcpy(k.asked, in->asked.model);
    strcpy(k.id, in->model->id);
    strcpy(k.card, in->model->card->digest);
    strcpy(k.arithmetic, lat_plan_arithmetic(in->model->plan));
    lat_buf_put(&kept, &k, sizeof(k));
    lat_buf_put(&kept, body->v, body->len);
    if (!kept.failed)
        latd_cache_reply_keep(req->app->cache, r->key, &kept, r->era);
    lat_buf_fini(&kept);
}
