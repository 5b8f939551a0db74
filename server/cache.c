/*
 * cache.c - under one lock: what is known, and what is under way.
 *
 * A flight, a computation under way, needs no memory of its own: the leader's
 * ask stands for it in the table and carries the list of the followers.
 */
#include "cache.h"

#include "cache/lru.h"

#include <assert.h>
#include <pthread.h>
#include <string.h>

enum { FLIGHT_BUCKETS = 1024 };

struct latd_cache {
    struct latd_store *store; /* may be NULL */
    pthread_mutex_t lock;     /* all that follows */
    struct latd_lru known;
    struct latd_cache_ask *flights[FLIGHT_BUCKETS];
    struct latd_cache_counts counts;
    uint64_t era; /* purges begun and ended */
};

static struct latd_vector vector_of(const struct latd_cache_ask *ask)
{
    return (struct latd_vector){ask->key, ask->model, ask->y, ask->dims};
}

/* ---- flights; the lock is held ---- */

static struct latd_cache_ask **flight_of(struct latd_cache *c,
                                         const uint8_t key[LAT_DIGEST])
{
    struct latd_cache_ask **p;
    uint64_t h; /* the key is a digest: any of its bytes are a hash */

    memcpy(&h, key, sizeof(h));
    p = &c->flights[h % FLIGHT_BUCKETS];
    while (*p && memcmp((*p)->key, key, LAT_DIGEST) != 0)
        p = &(*p)->next;
    return p;
}

static bool same_model(const struct latd_cache_ask *a,
                       const struct latd_cache_ask *b)
{
    return a->dims == b->dims && strcmp(a->model, b->model) == 0;
}

/* A leader of the same key but another model has the place in the table; ask
 * then leads without a place, and nobody can follow it. */
static enum latd_cache_answer join(struct latd_cache *c,
                                   struct latd_cache_ask *ask)
{
    struct latd_cache_ask **p = flight_of(c, ask->key);

    ask->next = ask->followers = NULL;
    ask->state = LATD_ASK_LEADS;
    if (!*p) {
        *p = ask;
    } else if (same_model(*p, ask)) {
        ask->state = LATD_ASK_FOLLOWS;
        for (p = &(*p)->followers; *p; p = &(*p)->next)
            ;
        *p = ask;
        return LATD_CACHE_FOLLOW;
    }
    return LATD_CACHE_LEAD;
}

/* Ends ask's flight.  Returns its followers, who from now on cannot leave. */
static struct latd_cache_ask *land(struct latd_cache *c,
                                   struct latd_cache_ask *ask)
{
    struct latd_cache_ask **p = flight_of(c, ask->key);
    struct latd_cache_ask *first = ask->followers;

    assert(ask->state == LATD_ASK_LEADS);
    if (*p == ask)
        *p = ask->next;
    ask->state = LATD_ASK_IDLE;
    ask->followers = ask->next = NULL;
    for (struct latd_cache_ask *f = first; f; f = f->next)
        f->state = LATD_ASK_IDLE;
    return first;
}

/* ---- without the lock ---- */

/* A follower may be gone as soon as it was told. */
static void tell(struct latd_cache_ask *followers, const float *y,
                 enum lat_code code, const struct lat_err *err)
{
    struct latd_cache_ask *next;

    for (struct latd_cache_ask *f = followers; f; f = next) {
        next = f->next;
        f->next = NULL;
        if (!code)
            memcpy(f->y, y, f->dims * sizeof(*y));
        f->done(f, code, err);
    }
}

/* The answer into the table, then to all who wait for it. */
static void finish(struct latd_cache *c, struct latd_cache_ask *ask,
                   enum lat_code code, const struct lat_err *err)
{
    struct latd_vector v = vector_of(ask);
    struct latd_lru_entry *e = code ? NULL : latd_lru_entry_new(&c->known, &v);
    struct latd_cache_ask *followers;

    pthread_mutex_lock(&c->lock);
    if (e)
        latd_lru_adopt(&c->known, e);
    followers = land(c, ask);
    pthread_mutex_unlock(&c->lock);
    tell(followers, ask->y, code, err);
}

static void count_many(struct latd_cache *c, uint64_t *counter, size_t n)
{
    pthread_mutex_lock(&c->lock);
    *counter += n;
    pthread_mutex_unlock(&c->lock);
}

static void count(struct latd_cache *c, uint64_t *counter)
{
    count_many(c, counter, 1);
}

/* What is known of the keys, and all replies: nor is any kept that was begun
 * before.  was (n) says of whom there was something. */
static void forget(struct latd_cache *c, const uint8_t *keys, size_t n,
                   bool *was)
{
    pthread_mutex_lock(&c->lock);
    for (size_t i = 0; i < n; i++)
        was[i] |= latd_lru_drop(&c->known, keys + i * LAT_DIGEST);
    latd_lru_drop_replies(&c->known);
    c->era++;
    pthread_mutex_unlock(&c->lock);
}

/* ---- public ---- */

enum lat_code latd_cache_new(struct latd_cache **out, size_t max_bytes,
                             struct latd_store *store, struct lat_err *err)
{
    struct latd_cache *c = lat_calloc(1, sizeof(*c));
    enum lat_code code;

    if (!c)
        return lat_fail(err, LAT_ENOMEM, "cache");
    code = latd_lru_init(&c->known, max_bytes, err);
    if (code) {
        lat_free(c);
        return code;
    }
    c->store = store;
    pthread_mutex_init(&c->lock, NULL);
    *out = c;
    return LAT_OK;
}

void latd_cache_free(struct latd_cache *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < FLIGHT_BUCKETS; i++)
        assert(!c->flights[i]);
    pthread_mutex_destroy(&c->lock);
    latd_lru_fini(&c->known);
    lat_free(c);
}

/* Each part is followed by a NUL, so no two lists of parts run together. */
void latd_cache_key(uint8_t key[LAT_DIGEST], const struct lat_card *card,
                    const char *arithmetic, const uint8_t window[LAT_DIGEST])
{
    struct lat_sha256 h;

    lat_sha256_init(&h);
    lat_sha256_add(&h, card->weights_digest, strlen(card->weights_digest) + 1);
    lat_sha256_add(&h, card->prep_digest, strlen(card->prep_digest) + 1);
    lat_sha256_add(&h, arithmetic, strlen(arithmetic) + 1);
    lat_sha256_add(&h, window, LAT_DIGEST);
    lat_sha256_end(&h, key);
}

/* Who leads looks into the database before anything is computed; meanwhile
 * others follow. */
enum latd_cache_answer latd_cache_begin(struct latd_cache *c,
                                        struct latd_cache_ask *ask)
{
    enum latd_cache_answer answer = LATD_CACHE_HIT;
    struct latd_vector v = vector_of(ask);

    pthread_mutex_lock(&c->lock);
    if (latd_lru_get(&c->known, &v))
        c->counts.hits++;
    else
        answer = join(c, ask);
    c->counts.coalesced += answer == LATD_CACHE_FOLLOW;
    pthread_mutex_unlock(&c->lock);
    if (answer != LATD_CACHE_LEAD)
        return answer;

    if (latd_store_vector_get(c->store, &v)) {
        finish(c, ask, LAT_OK, NULL);
        count(c, &c->counts.hits);
        return LATD_CACHE_HIT;
    }
    count(c, &c->counts.misses);
    return LATD_CACHE_LEAD;
}

void latd_cache_end(struct latd_cache *c, struct latd_cache_ask *ask,
                    enum lat_code code, const struct lat_err *err)
{
    struct latd_vector v = vector_of(ask);

    if (!code)
        latd_store_vector_put(c->store, &v);
    finish(c, ask, code, err);
}

void latd_cache_resign(struct latd_cache *c, struct latd_cache_ask *ask)
{
    struct latd_cache_ask **p, *heir;

    pthread_mutex_lock(&c->lock);
    assert(ask->state == LATD_ASK_LEADS);
    p = flight_of(c, ask->key);
    heir = ask->followers;
    if (heir) { /* then ask has its place in the table, and heir takes it */
        heir->followers = heir->next;
        heir->next = ask->next;
        heir->state = LATD_ASK_LEADS;
        *p = heir;
    } else if (*p == ask) {
        *p = ask->next;
    }
    ask->state = LATD_ASK_IDLE;
    ask->followers = ask->next = NULL;
    pthread_mutex_unlock(&c->lock);
    if (heir)
        heir->lead(heir);
}

bool latd_cache_leave(struct latd_cache *c, struct latd_cache_ask *ask)
{
    bool left = false;

    pthread_mutex_lock(&c->lock);
    if (ask->state == LATD_ASK_FOLLOWS) {
        struct latd_cache_ask **p = &(*flight_of(c, ask->key))->followers;

        while (*p != ask)
            p = &(*p)->next;
        *p = ask->next;
        ask->next = NULL;
        ask->state = LATD_ASK_IDLE;
        left = true;
    }
    pthread_mutex_unlock(&c->lock);
    return left;
}

bool latd_cache_get(struct latd_cache *c, struct latd_cache_ask *ask)
{
    struct latd_vector v = vector_of(ask);
    bool found;

    pthread_mutex_lock(&c->lock);
    found = latd_lru_get(&c->known, &v);
    pthread_mutex_unlock(&c->lock);
    if (!found) {
        struct latd_lru_entry *e = NULL;

        found = latd_store_vector_get(c->store, &v);
        if (found)
            e = latd_lru_entry_new(&c->known, &v);
        pthread_mutex_lock(&c->lock);
        if (e)
            latd_lru_adopt(&c->known, e);
        pthread_mutex_unlock(&c->lock);
    }
    count(c, found ? &c->counts.hits : &c->counts.misses);
    return found;
}

enum lat_code latd_cache_purge(uint64_t *purged, struct latd_cache *c,
                               const uint8_t *keys, size_t n,
                               struct lat_err *err)
{
    bool *was = lat_calloc(n, sizeof(*was));
    enum lat_code code;

    *purged = 0;
    if (!was)
        return lat_fail(err, LAT_ENOMEM, "%zu keys", n);
    forget(c, keys, n, was);
    code = latd_store_vectors_purge(c->store, keys, n, was, err);
    forget(c, keys, n, was); /* what the file still had meanwhile */
    for (size_t i = 0; i < n && !code; i++)
        *purged += was[i];
    lat_free(was);
    return code;
}

/* ---- replies: their length, and their bytes in as many floats as it takes */

bool latd_cache_reply_get(struct latd_cache *c, const uint8_t key[LAT_DIGEST],
                          struct lat_buf *out, uint64_t *era)
{
    const struct latd_lru_entry *e;
    uint32_t len;

    pthread_mutex_lock(&c->lock);
    e = latd_lru_reply(&c->known, key);
    *era = c->era;
    if (e) {
        memcpy(&len, e->v, sizeof(len));
        lat_buf_put(out, e->v + 1, len);
    }
    pthread_mutex_unlock(&c->lock);
    return e != NULL;
}

static struct latd_lru_entry *reply_entry(const struct latd_cache *c,
                                          const uint8_t key[LAT_DIGEST],
                                          const struct lat_buf *reply)
{
    const uint32_t len = (uint32_t)reply->len;
    const size_t n = 1 + (reply->len + sizeof(float) - 1) / sizeof(float);
    float *v = lat_calloc(n, sizeof(*v));
    struct latd_vector of = {key, "", v, n};
    struct latd_lru_entry *e = NULL;

    if (v) {
        memcpy(v, &len, sizeof(len));
        memcpy(v + 1, reply->v, reply->len);
        e = latd_lru_entry_new(&c->known, &of);
    }
    lat_free(v);
    return e;
}

void latd_cache_reply_keep(struct latd_cache *c, const uint8_t key[LAT_DIGEST],
                           const struct lat_buf *reply, uint64_t era)
{
    struct latd_lru_entry *e = reply_entry(c, key, reply);
    bool kept = false;

    if (!e)
        return;
    pthread_mutex_lock(&c->lock);
    if (era == c->era) {
        latd_lru_adopt(&c->known, e);
        kept = true;
    }
    pthread_mutex_unlock(&c->lock);
    if (!kept)
        lat_free(e);
}

void latd_cache_reply_counts(struct latd_cache *c, size_t n)
{
    count_many(c, &c->counts.hits, n);
}

void latd_cache_bypass(struct latd_cache *c)
{
    count(c, &c->counts.bypass);
}

struct latd_cache_counts latd_cache_counts(struct latd_cache *c)
{
    struct latd_cache_counts counts;

    pthread_mutex_lock(&c->lock);
    counts = c->counts;
    counts.entries = c->known.n_entries - c->known.n_replies;
    counts.bytes = c->known.n_bytes;
    pthread_mutex_unlock(&c->lock);
    return counts;
}
