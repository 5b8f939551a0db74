/* recall.c - see recall.h. */
#include "recall.h"

#include <string.h>

const char *latd_recalled_word(enum latd_recalled how)
{
    static const char *const words[] = {"bypass", "hit", "miss", "coalesced"};

    return words[how];
}

/* What lies in the asker must not become the answer of those who follow. */
static bool lies_in_asker(enum lat_code code)
{
    return code == LAT_ECANCEL || code == LAT_ETIMEOUT || code == LAT_EAWAY;
}

/* The one that leads is done, or dropped. */
static void on_finished(struct latd_item *item)
{
    struct latd_recall *r = item->owner;

    if (lies_in_asker(item->code))
        latd_cache_resign(r->app->cache, &r->ask);
    else
        latd_cache_end(r->app->cache, &r->ask, item->code, &item->err);
}

static bool on_leave(struct latd_item *item)
{
    struct latd_recall *r = item->owner;

    return latd_cache_leave(r->app->cache, &r->ask);
}

static struct latd_recall *recall_of(struct latd_cache_ask *ask)
{
    return (struct latd_recall *)((char *)ask -
                                  offsetof(struct latd_recall, ask));
}

static void on_done(struct latd_cache_ask *ask, enum lat_code code,
                    const struct lat_err *err)
{
    latd_item_settle(recall_of(ask)->item, code, err);
}

static void on_lead(struct latd_cache_ask *ask)
{
    struct latd_recall *r = recall_of(ask);

    latd_infer_promote(r->app->infer, r->item);
}

void latd_recall_key(uint8_t key[LAT_DIGEST], const struct latd_item *item,
                     const uint8_t digest[LAT_DIGEST])
{
    const char *mode = lat_gate_mode_name(item->mode);
    uint8_t mixed[LAT_DIGEST];
    struct lat_sha256 h;

    if (item->parts) {
        lat_sha256_init(&h);
        lat_sha256_add(&h, "parts", 5);
        lat_sha256_add(&h, mode, strlen(mode));
        lat_sha256_add(&h, digest, LAT_DIGEST);
        lat_sha256_end(&h, mixed);
        digest = mixed;
    }
    latd_cache_key(key, item->model->card,
                   lat_plan_arithmetic(item->model->plan), digest);
}

/* What the item is asked for by; before the cache hears of it. */
static void fill_in(struct latd_recall *r, struct latd_item *item,
                    const uint8_t digest[LAT_DIGEST])
{
    const struct lat_card *card = item->model->card;

    r->ask.model = card->weights_digest;
    r->ask.y = item->y;
    r->ask.dims = latd_item_floats(card, item->parts);
    r->ask.done = on_done;
    r->ask.lead = on_lead;
    latd_recall_key(r->ask.key, item, digest);
    item->owner = r;
    item->finished = on_finished;
    item->leave = on_leave;
}

void latd_recall_begin(struct latd_recall *r, struct latd_req *req,
                       struct latd_item *item, const uint8_t digest[LAT_DIGEST],
                       bool no_store)
{
    *r = (struct latd_recall){.item = item, .app = req->app};
    if (no_store) {
        latd_cache_bypass(req->app->cache);
        atomic_fetch_add(&item->model->series->cache[r->how], 1);
        return;
    }
    fill_in(r, item, digest);
    latd_item_expect(item, &req->batch);
    switch (latd_cache_begin(req->app->cache, &r->ask)) {
    case LATD_CACHE_HIT:
        r->how = LATD_RECALLED_HIT;
        latd_item_settle(item, LAT_OK, NULL);
        break;
    case LATD_CACHE_LEAD:
        r->how = LATD_RECALLED_MISS;
        latd_item_lead(item);
        break;
    case LATD_CACHE_FOLLOW:
        r->how = LATD_RECALLED_COALESCED;
        break;
    }
    atomic_fetch_add(&item->model->series->cache[r->how], 1);
}

void latd_recall_end(struct latd_recall *r)
{
    if (r->how == LATD_RECALLED_MISS &&
        atomic_load(&r->item->state) == LATD_ITEM_NEW)
        latd_cache_resign(r->app->cache, &r->ask);
}
