/* test_cache.c - the table of vectors, and one computation for many askers. */
#include "../../core/base/mem.h"
#include "../../server/cache.h"
#include "../../server/cache/lru.h"
#include "../check.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <string.h>

enum { DIMS = 8 };

static const char model_a[] = "aaaa", model_b[] = "bbbb";

/* An asker, and what it was told. */
struct asker {
    struct latd_cache_ask ask; /* first: asker_of needs no arithmetic */
    float y[DIMS];
    int n_done, n_lead;
    enum lat_code code;
    char msg[64];
};

static void on_done(struct latd_cache_ask *ask, enum lat_code code,
                    const struct lat_err *err)
{
    struct asker *a = (struct asker *)ask;

    a->n_done++;
    a->code = code;
    if (code)
        snprintf(a->msg, sizeof(a->msg), "%.63s", err->msg);
}

static void on_lead(struct latd_cache_ask *ask)
{
    ((struct asker *)ask)->n_lead++;
}

static void asker_init(struct asker *a, unsigned key, const char *model)
{
    memset(a, 0, sizeof(*a));
    memcpy(a->ask.key, &key, sizeof(key));
    a->ask.model = model;
    a->ask.y = a->y;
    a->ask.dims = DIMS;
    a->ask.done = on_done;
    a->ask.lead = on_lead;
}

static struct latd_cache *cache(size_t max_bytes)
{
    struct latd_cache *c = NULL;

    CHECK(latd_cache_new(&c, max_bytes, NULL, NULL) == LAT_OK);
    return c;
}

/* Asks for key and computes it when it is not known: its values are v. */
static enum latd_cache_answer put(struct latd_cache *c, unsigned key, float v)
{
    struct asker a;
    enum latd_cache_answer answer;

    asker_init(&a, key, model_a);
    answer = latd_cache_begin(c, &a.ask);
    if (answer == LATD_CACHE_LEAD) {
        for (size_t i = 0; i < DIMS; i++)
            a.y[i] = v;
        latd_cache_end(c, &a.ask, LAT_OK, NULL);
    }
    return answer;
}

TEST(cache, gives_back_what_was_computed)
{
    struct latd_cache *c = cache(1 << 16);
    struct asker a;

    UNUSED_STATE;
    CHECK(put(c, 1, 0.5f) == LATD_CACHE_LEAD);
    asker_init(&a, 1, model_a);
    CHECK(latd_cache_begin(c, &a.ask) == LATD_CACHE_HIT);
    for (size_t i = 0; i < DIMS; i++)
        CHECK(a.y[i] == 0.5f);
    CHECK(a.n_done == 0 && a.n_lead == 0);
    latd_cache_free(c);
}

TEST(cache, verifies_model_and_length_on_a_hit)
{
    struct latd_cache *c = cache(1 << 16);
    struct asker a;

    UNUSED_STATE;
    put(c, 1, 0.5f);
    asker_init(&a, 1, model_b);
    CHECK(latd_cache_begin(c, &a.ask) == LATD_CACHE_LEAD);
    latd_cache_resign(c, &a.ask);
    asker_init(&a, 1, model_a);
    a.ask.dims = DIMS - 1;
    CHECK(latd_cache_begin(c, &a.ask) == LATD_CACHE_LEAD);
    latd_cache_resign(c, &a.ask);
    CHECK(put(c, 1, 0.0f) == LATD_CACHE_HIT);
    latd_cache_free(c);
}

TEST(cache, drops_the_least_lately_used_at_its_bound)
{
    struct latd_cache_counts n;
    struct latd_cache *c = cache(1 << 14);
    unsigned fit;

    UNUSED_STATE;
    put(c, 0, 0.0f);
    n = latd_cache_counts(c);
    fit = (unsigned)((1 << 14) / n.bytes);
    CHECK(fit > 10);
    for (unsigned i = 1; i < fit; i++)
        CHECK(put(c, i, (float)i) == LATD_CACHE_LEAD);
    CHECK(put(c, 0, 0.0f) == LATD_CACHE_HIT);    /* 1 is the oldest now */
    CHECK(put(c, fit, 1.0f) == LATD_CACHE_LEAD); /* and goes */
    CHECK(put(c, 0, 0.0f) == LATD_CACHE_HIT);
    CHECK(put(c, 2, 0.0f) == LATD_CACHE_HIT);
    n = latd_cache_counts(c);
    CHECK(n.entries == fit && n.bytes <= 1 << 14);
    CHECK(put(c, 1, 1.0f) == LATD_CACHE_LEAD);
    latd_cache_free(c);
}

TEST(cache, of_no_bytes_keeps_nothing_and_still_coalesces)
{
    struct latd_cache *c = cache(0);
    struct asker a, b;

    UNUSED_STATE;
    CHECK(put(c, 1, 0.5f) == LATD_CACHE_LEAD);
    CHECK(put(c, 1, 0.5f) == LATD_CACHE_LEAD);
    asker_init(&a, 1, model_a);
    asker_init(&b, 1, model_a);
    CHECK(latd_cache_begin(c, &a.ask) == LATD_CACHE_LEAD);
    CHECK(latd_cache_begin(c, &b.ask) == LATD_CACHE_FOLLOW);
    latd_cache_end(c, &a.ask, LAT_OK, NULL);
    CHECK(b.n_done == 1 && latd_cache_counts(c).entries == 0);
    latd_cache_free(c);
}

TEST(cache, computes_identical_inputs_once)
{
    struct latd_cache *c = cache(1 << 16);
    struct latd_cache_counts n;
    struct asker a[4], other;

    UNUSED_STATE;
    for (int i = 0; i < 4; i++) {
        asker_init(&a[i], 7, model_a);
        CHECK(latd_cache_begin(c, &a[i].ask) ==
              (i ? LATD_CACHE_FOLLOW : LATD_CACHE_LEAD));
    }
    asker_init(&other, 7, model_b); /* same key, not the same thing */
    CHECK(latd_cache_begin(c, &other.ask) == LATD_CACHE_LEAD);
    a[0].y[3] = 0.25f;
    latd_cache_end(c, &a[0].ask, LAT_OK, NULL);
    for (int i = 1; i < 4; i++)
        CHECK(a[i].n_done == 1 && a[i].code == LAT_OK && a[i].y[3] == 0.25f);
    CHECK(other.n_done == 0);
    latd_cache_resign(c, &other.ask);
    n = latd_cache_counts(c);
    CHECK(n.hits == 0 && n.misses == 2 && n.coalesced == 3 && n.bypass == 0);
    latd_cache_free(c);
}

TEST(cache, hands_a_leaders_failure_to_the_followers)
{
    struct latd_cache *c = cache(1 << 16);
    struct lat_err err = {0};
    struct asker a, b;

    UNUSED_STATE;
    asker_init(&a, 7, model_a);
    asker_init(&b, 7, model_a);
    CHECK(latd_cache_begin(c, &a.ask) == LATD_CACHE_LEAD);
    CHECK(latd_cache_begin(c, &b.ask) == LATD_CACHE_FOLLOW);
    latd_cache_end(c, &a.ask, lat_fail(&err, LAT_ENONFINITE, "y[3] is nan"),
                   &err);
    CHECK(b.n_done == 1 && b.code == LAT_ENONFINITE);
    assert_string_equal(b.msg, "y[3] is nan");
    CHECK(put(c, 7, 0.0f) == LATD_CACHE_LEAD); /* a failure is not kept */
    latd_cache_free(c);
}

TEST(cache, promotes_the_next_when_a_leader_resigns)
{
    struct latd_cache *c = cache(1 << 16);
    struct asker a[4], late;

    UNUSED_STATE;
    for (int i = 0; i < 4; i++) {
        asker_init(&a[i], 7, model_a);
        CHECK(latd_cache_begin(c, &a[i].ask) ==
              (i ? LATD_CACHE_FOLLOW : LATD_CACHE_LEAD));
    }
    CHECK(latd_cache_leave(c, &a[1].ask)); /* so 2 is the first in line */
    CHECK(!latd_cache_leave(c, &a[1].ask));
    CHECK(!latd_cache_leave(c, &a[0].ask)); /* a leader resigns instead */
    latd_cache_resign(c, &a[0].ask);
    CHECK(a[1].n_lead == 0 && a[2].n_lead == 1 && a[3].n_lead == 0);
    CHECK(!latd_cache_leave(c, &a[2].ask));
    asker_init(&late, 7, model_a);
    CHECK(latd_cache_begin(c, &late.ask) == LATD_CACHE_FOLLOW);
    a[2].y[0] = 2.0f;
    latd_cache_end(c, &a[2].ask, LAT_OK, NULL);
    CHECK(a[3].n_done == 1 && a[3].y[0] == 2.0f && late.n_done == 1);
    CHECK(a[0].n_done == 0 && a[1].n_done == 0 && a[2].n_done == 0);
    latd_cache_free(c);
}

TEST(cache, begins_anew_when_the_last_resigns)
{
    struct latd_cache *c = cache(1 << 16);
    struct asker a;

    UNUSED_STATE;
    asker_init(&a, 7, model_a);
    CHECK(latd_cache_begin(c, &a.ask) == LATD_CACHE_LEAD);
    latd_cache_resign(c, &a.ask);
    CHECK(put(c, 7, 0.0f) == LATD_CACHE_LEAD);
    latd_cache_free(c);
}

TEST(cache, counts_each_lookup_once)
{
    struct latd_cache *c = cache(1 << 16);
    struct latd_cache_counts n;
    struct asker a;

    UNUSED_STATE;
    put(c, 1, 0.0f); /* miss */
    put(c, 1, 0.0f); /* hit */
    asker_init(&a, 1, model_a);
    CHECK(latd_cache_get(c, &a.ask)); /* hit */
    asker_init(&a, 2, model_a);
    CHECK(!latd_cache_get(c, &a.ask)); /* miss */
    latd_cache_bypass(c);
    n = latd_cache_counts(c);
    CHECK(n.hits == 2 && n.misses == 2 && n.coalesced == 0 && n.bypass == 1);
    latd_cache_free(c);
}

TEST(cache, key_depends_on_each_of_its_parts)
{
    struct lat_card card = {.weights_digest = "w", .prep_digest = "p"};
    uint8_t window[LAT_DIGEST] = {1}, first[LAT_DIGEST], key[LAT_DIGEST];

    UNUSED_STATE;
    latd_cache_key(first, &card, "float32/avx2", window);
    latd_cache_key(key, &card, "float32/avx2", window);
    assert_memory_equal(first, key, LAT_DIGEST);
    latd_cache_key(key, &card, "float32/avx512", window);
    assert_memory_not_equal(first, key, LAT_DIGEST);
    window[31] = 1;
    latd_cache_key(key, &card, "float32/avx2", window);
    assert_memory_not_equal(first, key, LAT_DIGEST);
    window[31] = 0;
    strcpy(card.prep_digest, "q");
    latd_cache_key(key, &card, "float32/avx2", window);
    assert_memory_not_equal(first, key, LAT_DIGEST);
    strcpy(card.weights_digest, "wp");
    strcpy(card.prep_digest, "");
    latd_cache_key(key, &card, "float32/avx2", window);
    assert_memory_not_equal(first, key, LAT_DIGEST);
}

TEST(cache, new_survives_any_failed_allocation)
{
    struct latd_cache *c = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = latd_cache_new(&c, 1 << 16, NULL, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !c));
    } while (code);
    CHECK(n > 1);
    /* An entry that finds no memory is not kept, and nothing else happens. */
    lat__mem_fail_after = 0;
    CHECK(put(c, 1, 0.0f) == LATD_CACHE_LEAD);
    lat__mem_fail_after = -1;
    CHECK(put(c, 1, 0.0f) == LATD_CACHE_LEAD);
    CHECK(put(c, 1, 0.0f) == LATD_CACHE_HIT);
    latd_cache_free(c);
}

/* ---- many threads ---- */

enum { THREADS = 4, ROUNDS = 3000, KEYS = 5 };

static struct latd_cache *shared;
static atomic_uint computed[KEYS];

struct waiter {
    struct asker a;
    atomic_int told; /* 1: done, 2: lead */
};

static void wake_done(struct latd_cache_ask *ask, enum lat_code code,
                      const struct lat_err *err)
{
    struct waiter *w = (struct waiter *)ask;

    (void)err;
    w->a.code = code;
    atomic_store(&w->told, 1);
}

static void wake_lead(struct latd_cache_ask *ask)
{
    atomic_store(&((struct waiter *)ask)->told, 2);
}

/* Leads: computes, or resigns every third time. */
static bool lead(struct waiter *w, unsigned key, unsigned n)
{
    if (n % 3 == 0) {
        latd_cache_resign(shared, &w->a.ask);
        return false;
    }
    atomic_fetch_add(&computed[key], 1);
    for (size_t i = 0; i < DIMS; i++)
        w->a.y[i] = (float)key;
    latd_cache_end(shared, &w->a.ask, LAT_OK, NULL);
    return true;
}

/* One lookup to its end; whether y was filled in. */
static bool look_up(struct waiter *w, unsigned key, unsigned n)
{
    asker_init(&w->a, key, model_a);
    atomic_store(&w->told, 0);
    w->a.ask.done = wake_done;
    w->a.ask.lead = wake_lead;
    switch (latd_cache_begin(shared, &w->a.ask)) {
    case LATD_CACHE_HIT:
        return true;
    case LATD_CACHE_LEAD:
        return lead(w, key, n);
    case LATD_CACHE_FOLLOW:
        break;
    }
    if (n % 5 == 0 && latd_cache_leave(shared, &w->a.ask))
        return false;
    while (!atomic_load(&w->told))
        sched_yield();
    return atomic_load(&w->told) == 2 ? lead(w, key, n) : w->a.code == LAT_OK;
}

static void *asker_thread(void *arg)
{
    unsigned n = *(unsigned *)arg;
    struct waiter w;
    uintptr_t wrong = 0;

    for (unsigned i = 0; i < ROUNDS; i++, n = n * 1103515245u + 12345u) {
        unsigned key = (n >> 16) % KEYS;

        if (look_up(&w, key, n >> 20))
            for (size_t j = 0; j < DIMS; j++)
                wrong += w.a.y[j] != (float)key;
    }
    return (void *)wrong;
}

TEST(cache, keeps_its_promises_to_many_threads)
{
    unsigned seeds[THREADS];
    pthread_t threads[THREADS];
    struct latd_cache_counts n;

    UNUSED_STATE;
    shared = cache(600); /* room for three of the five keys */
    for (unsigned i = 0; i < THREADS; i++) {
        seeds[i] = i + 1;
        CHECK(pthread_create(&threads[i], NULL, asker_thread, &seeds[i]) == 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong = NULL;

        pthread_join(threads[i], &wrong);
        CHECK(wrong == NULL);
    }
    n = latd_cache_counts(shared);
    CHECK(n.hits + n.misses + n.coalesced == THREADS * ROUNDS);
    CHECK(n.hits > 0 && n.misses > 0);
    latd_cache_free(shared);
}

/* ---- replies ----------------------------------------------------------- */

static void keep(struct latd_cache *c, unsigned key, const char *text,
                 uint64_t era)
{
    uint8_t digest[LAT_DIGEST] = {0};
    struct lat_buf reply = {0};

    memcpy(digest, &key, sizeof(key));
    lat_buf_puts(&reply, text);
    latd_cache_reply_keep(c, digest, &reply, era);
    lat_buf_fini(&reply);
}

/* What is kept of key is text, or nothing when text is NULL. */
static bool kept(struct latd_cache *c, unsigned key, const char *text,
                 uint64_t *era)
{
    uint8_t digest[LAT_DIGEST] = {0};
    struct lat_buf reply = {0};
    bool found, same;

    memcpy(digest, &key, sizeof(key));
    found = latd_cache_reply_get(c, digest, &reply, era);
    same = found && text && reply.len == strlen(text) &&
           memcmp(reply.v, text, reply.len) == 0;
    lat_buf_fini(&reply);
    return text ? same : !found;
}

TEST(cache, keeps_replies_beside_vectors)
{
    struct latd_cache *c = cache(1 << 16);
    struct latd_cache_counts n;
    uint64_t era;

    UNUSED_STATE;
    CHECK(kept(c, 1, NULL, &era));
    keep(c, 1, "seven b", era);
    keep(c, 2, "", era);
    CHECK(put(c, 3, 1.0f) == LATD_CACHE_LEAD);
    CHECK(kept(c, 1, "seven b", &era) && kept(c, 2, "", &era));
    CHECK(kept(c, 3, NULL, &era));             /* a vector is no reply */
    CHECK(put(c, 1, 2.0f) == LATD_CACHE_LEAD); /* nor a reply a vector */
    n = latd_cache_counts(c);
    CHECK(n.entries == 2 && n.hits == 0 && n.misses == 2);
    latd_cache_reply_counts(c, 3);
    CHECK(latd_cache_counts(c).hits == 3);
    latd_cache_free(c);
}

TEST(cache, drops_replies_at_its_bound)
{
    struct latd_cache *c = cache(4096);
    char text[400];
    uint64_t era;

    UNUSED_STATE;
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    CHECK(kept(c, 0, NULL, &era));
    for (unsigned key = 0; key < 50; key++) {
        keep(c, key, text, era);
        CHECK(latd_cache_counts(c).bytes <= 4096);
    }
    CHECK(kept(c, 49, text, &era) && kept(c, 0, NULL, &era));
    latd_cache_free(c);
    c = cache(0);
    CHECK(kept(c, 1, NULL, &era));
    keep(c, 1, text, era);
    CHECK(kept(c, 1, NULL, &era));
    latd_cache_free(c);
}

TEST(cache, forgets_replies_when_a_vector_is_purged)
{
    struct latd_cache *c = cache(1 << 16);
    uint8_t digest[LAT_DIGEST] = {7};
    uint64_t before, after, purged;

    UNUSED_STATE;
    CHECK(kept(c, 1, NULL, &before));
    keep(c, 1, "of the vector", before);
    CHECK(put(c, 7, 1.0f) == LATD_CACHE_LEAD);
    CHECK(put(c, 8, 1.0f) == LATD_CACHE_LEAD);
    CHECK(latd_cache_purge(&purged, c, digest, 1, NULL) == LAT_OK);
    CHECK(purged == 1);
    CHECK(kept(c, 1, NULL, &after));
    keep(c, 1, "begun before", before);
    CHECK(kept(c, 1, NULL, &after));
    keep(c, 1, "begun since", after);
    CHECK(kept(c, 1, "begun since", &after));
    CHECK(put(c, 8, 1.0f) == LATD_CACHE_HIT);
    latd_cache_free(c);
}

TEST(cache, a_reply_survives_any_failed_allocation)
{
    struct latd_cache *c = cache(1 << 16);
    uint8_t key[LAT_DIGEST] = {1};
    struct lat_buf reply = {0}, out = {0};
    uint64_t era;
    long n = 0;

    UNUSED_STATE;
    lat_buf_puts(&reply, "text");
    CHECK(!latd_cache_reply_get(c, key, &out, &era));
    for (bool found = false; !found; n++) {
        lat__mem_fail_after = n;
        latd_cache_reply_keep(c, key, &reply, era);
        lat__mem_fail_after = -1;
        found = latd_cache_reply_get(c, key, &out, &era);
    }
    CHECK(n > 2);
    CHECK(out.len == 4 && memcmp(out.v, "text", 4) == 0);
    lat_buf_fini(&out);
    lat_buf_fini(&reply);
    latd_cache_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(cache, gives_back_what_was_computed),
        T(cache, verifies_model_and_length_on_a_hit),
        T(cache, drops_the_least_lately_used_at_its_bound),
        T(cache, of_no_bytes_keeps_nothing_and_still_coalesces),
        T(cache, computes_identical_inputs_once),
        T(cache, hands_a_leaders_failure_to_the_followers),
        T(cache, promotes_the_next_when_a_leader_resigns),
        T(cache, begins_anew_when_the_last_resigns),
        T(cache, counts_each_lookup_once),
        T(cache, key_depends_on_each_of_its_parts),
        T(cache, new_survives_any_failed_allocation),
        T(cache, keeps_its_promises_to_many_threads),
        T(cache, keeps_replies_beside_vectors),
        T(cache, drops_replies_at_its_bound),
        T(cache, forgets_replies_when_a_vector_is_purged),
        T(cache, a_reply_survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
