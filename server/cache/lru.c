/* lru.c - hash buckets, and a ring in the order of use. */
#include "lru.h"

#include <assert.h>
#include <string.h>

enum {
    BUCKETS_MIN = 1024,
    BUCKETS_MAX = 1 << 20,
    BYTES_PER_BUCKET = 512,
    HEAP_BYTES = 64, /* what the heap adds to an entry, about */
};

static size_t entry_bytes(size_t dims)
{
    return sizeof(struct latd_lru_entry) + dims * sizeof(float) + HEAP_BYTES;
}

/* The key is a digest, so any of its bytes are a hash. */
static struct latd_lru_entry **bucket_of(const struct latd_lru *t,
                                         const uint8_t key[LAT_DIGEST])
{
    uint64_t h;

    memcpy(&h, key, sizeof(h));
    return &t->buckets[h & (t->n_buckets - 1)];
}

static struct latd_lru_entry *find(const struct latd_lru *t,
                                   const uint8_t key[LAT_DIGEST])
{
    struct latd_lru_entry *e = *bucket_of(t, key);

    while (e && memcmp(e->key, key, LAT_DIGEST) != 0)
        e = e->next;
    return e;
}

static bool is_reply(const struct latd_lru_entry *e)
{
    return e->model[0] == '\0';
}

static void ring_remove(struct latd_lru_entry *e)
{
    e->newer->older = e->older;
    e->older->newer = e->newer;
}

static void ring_add(struct latd_lru *t, struct latd_lru_entry *e)
{
    e->newer = &t->ring;
    e->older = t->ring.older;
    e->older->newer = e;
    t->ring.older = e;
}

static void drop(struct latd_lru *t, struct latd_lru_entry *e)
{
    struct latd_lru_entry **p = bucket_of(t, e->key);

    while (*p != e)
        p = &(*p)->next;
    *p = e->next;
    ring_remove(e);
    t->n_bytes -= entry_bytes(e->dims);
    t->n_entries--;
    t->n_replies -= is_reply(e);
    lat_free(e);
}

enum lat_code latd_lru_init(struct latd_lru *t, size_t max_bytes,
                            struct lat_err *err)
{
    *t = (struct latd_lru){.max_bytes = max_bytes, .n_buckets = BUCKETS_MIN};
    while (t->n_buckets < max_bytes / BYTES_PER_BUCKET &&
           t->n_buckets < BUCKETS_MAX)
        t->n_buckets *= 2;
    t->buckets = lat_calloc(t->n_buckets, sizeof(*t->buckets));
    if (!t->buckets)
        return lat_fail(err, LAT_ENOMEM, "cache: %zu buckets", t->n_buckets);
    t->ring.newer = t->ring.older = &t->ring;
    return LAT_OK;
}

void latd_lru_fini(struct latd_lru *t)
{
    while (t->n_entries)
        drop(t, t->ring.newer);
    lat_free(t->buckets);
}

struct latd_lru_entry *latd_lru_entry_new(const struct latd_lru *t,
                                          const struct latd_vector *v)
{
    struct latd_lru_entry *e;

    assert(strlen(v->model) < sizeof(e->model));
    if (entry_bytes(v->dims) > t->max_bytes)
        return NULL;
    e = lat_calloc(1, sizeof(*e) + v->dims * sizeof(*e->v));
    if (!e)
        return NULL;
    memcpy(e->key, v->key, LAT_DIGEST);
    strcpy(e->model, v->model);
    e->dims = v->dims;
    e->v = (float *)(e + 1);
    memcpy(e->v, v->v, v->dims * sizeof(*e->v));
    return e;
}

void latd_lru_adopt(struct latd_lru *t, struct latd_lru_entry *e)
{
    struct latd_lru_entry *old = find(t, e->key), **b = bucket_of(t, e->key);

    if (old)
        drop(t, old);
    e->next = *b;
    *b = e;
    ring_add(t, e);
    t->n_bytes += entry_bytes(e->dims);
    t->n_entries++;
    t->n_replies += is_reply(e);
    while (t->n_bytes > t->max_bytes)
        drop(t, t->ring.newer);
}

bool latd_lru_get(struct latd_lru *t, const struct latd_vector *out)
{
    struct latd_lru_entry *e = find(t, out->key);

    if (!e || e->dims != out->dims || strcmp(e->model, out->model) != 0)
        return false;
    memcpy(out->v, e->v, e->dims * sizeof(*e->v));
    ring_remove(e);
    ring_add(t, e);
    return true;
}

const struct latd_lru_entry *latd_lru_reply(struct latd_lru *t,
                                            const uint8_t key[LAT_DIGEST])
{
    struct latd_lru_entry *e = find(t, key);

    if (!e || !is_reply(e))
        return NULL;
    ring_remove(e);
    ring_add(t, e);
    return e;
}

bool latd_lru_drop(struct latd_lru *t, const uint8_t key[LAT_DIGEST])
{
    struct latd_lru_entry *e = find(t, key);

    if (e)
        drop(t, e);
    return e != NULL;
}

void latd_lru_drop_replies(struct latd_lru *t)
{
    struct latd_lru_entry *e = t->ring.newer, *next;

    for (; t->n_replies; e = next) {
        next = e->newer;
        if (is_reply(e))
            drop(t, e);
    }
}
