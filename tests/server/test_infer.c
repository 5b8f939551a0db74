/*
 * test_infer.c - the queue: whole batches, order, cancelling, followers.
 *
 * lat_embed is ours here: it writes twice its input, waits at a gate when that
 * is negative, and fails when it is zero.  So are the slots, of images.
 */
#include "../../server/cache.h"
#include "../../server/infer.h"
#include "../../server/loop.h"
#include "../../server/recall.h"
#include "../check.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <string.h>

enum { MAX_QUEUE = 8 };

static sem_t gate, entered;
static _Atomic int n_embedded;

static float see(float x)
{
    if (x < 0.0f) {
        sem_post(&entered);
        while (sem_wait(&gate))
            ;
    }
    atomic_fetch_add(&n_embedded, 1);
    return x;
}

enum lat_code lat_embed(const struct lat_plan *p, struct lat_workspace *ws,
                        const float *x, float *y, struct lat_err *err)
{
    (void)p;
    (void)ws;
    *y = 2.0f * see(*x);
    if (*x == 0.0f)
        return lat_fail(err, LAT_ENONFINITE, "zero");
    return LAT_OK;
}

/* Of this thread: what was encoded, and whether it was projected. */
static _Thread_local float slots[LAT_SLOTS];
static _Thread_local size_t n_projected;
static _Atomic size_t most_at_once;

size_t lat_plan_slots(const struct lat_plan *p)
{
    (void)p;
    return LAT_SLOTS;
}

void lat_slot_encode(const struct lat_plan *p, struct lat_workspace *ws,
                     size_t slot, const float *x)
{
    (void)p;
    (void)ws;
    n_projected = 0;
    slots[slot] = see(*x);
}

void lat_slots_project(const struct lat_plan *p, struct lat_workspace *ws,
                       size_t n)
{
    size_t most = atomic_load(&most_at_once);

    (void)p;
    (void)ws;
    n_projected = n;
    while (n > most && !atomic_compare_exchange_weak(&most_at_once, &most, n))
        ;
}

/* All that a code has is told apart by its mode. */
enum lat_code lat_slot_read(const struct lat_plan *p,
                            const struct lat_workspace *ws, size_t slot,
                            enum lat_gate_mode mode, struct lat_image_code *out,
                            struct lat_err *err)
{
    (void)p;
    (void)ws;
    if (slot >= n_projected || slots[slot] == 0.0f)
        return lat_fail(err, LAT_ENONFINITE, "zero");
    *out->latent = slots[slot] + (float)mode;
    if (out->features) {
        *out->features = 3.0f;
        *out->logit = 4.0f;
        *out->probability = 5.0f;
    }
    return LAT_OK;
}

const char *lat_plan_arithmetic(const struct lat_plan *p)
{
    (void)p;
    return "fake";
}

/* ---- one asker --------------------------------------------------------- */

static struct latd_metrics metrics;
static struct lat_card card = {
    .dims = 1, .weights_digest = "w", .prep_digest = "p"};
static struct lat_workspace *workspaces[4];
static struct latd_model model = {
    .card = &card, .series = &metrics.series[0], .ws = workspaces};
static struct latd_infer *infer;
static struct latd_app app;

enum { N = 4 };

struct asker {
    struct latd_req req; /* its batch is the one */
    struct latd_item items[N];
    struct latd_recall recalls[N];
    float x[N], y[N];
    sem_t done;
    _Atomic int n_done;
};

static void on_done(struct latd_batch *b)
{
    struct asker *a =
        (struct asker *)((char *)b - offsetof(struct asker, req.batch));

    atomic_fetch_add(&a->n_done, 1);
    sem_post(&a->done);
}

static void ask(struct asker *a, size_t n, const float *x)
{
    memset(a, 0, sizeof(*a));
    sem_init(&a->done, 0, 0);
    latd_batch_init(&a->req.batch, on_done);
    a->req.app = &app;
    a->req.batch.items = a->items;
    a->req.batch.n = n;
    for (size_t i = 0; i < n; i++) {
        a->x[i] = x[i];
        a->items[i].model = &model;
        a->items[i].x = &a->x[i];
        a->items[i].y = &a->y[i];
    }
}

static enum lat_code submit(struct asker *a, struct lat_err *err)
{
    enum lat_code code = latd_infer_submit(infer, &a->req.batch, err);

    latd_batch_release(&a->req.batch);
    return code;
}

static void wait_for(struct asker *a)
{
    while (sem_wait(&a->done))
        ;
    CHECK(atomic_load(&a->n_done) == 1);
    sem_destroy(&a->done);
}

static void open_gate(int n)
{
    while (n-- > 0)
        sem_post(&gate);
}

static void wait_entered(int n)
{
    while (n > 0)
        if (sem_wait(&entered) == 0)
            n--;
}

/* ---- the queue --------------------------------------------------------- */

TEST(infer, embeds_a_batch_and_says_so_once)
{
    struct asker a;

    UNUSED_STATE;
    ask(&a, 4, (float[]){1, 2, 3, 4});
    CHECK(submit(&a, NULL) == LAT_OK);
    wait_for(&a);
    for (int i = 0; i < 4; i++)
        CHECK(a.items[i].code == LAT_OK && a.y[i] == 2.0f * a.x[i]);
    CHECK(a.req.batch.done_ns >= a.req.batch.taken_ns);
    CHECK(a.req.batch.taken_ns > 0);
}

TEST(infer, one_bad_item_does_not_poison_its_batch)
{
    struct asker a;

    UNUSED_STATE;
    ask(&a, 3, (float[]){1, 0, 3});
    CHECK(submit(&a, NULL) == LAT_OK);
    wait_for(&a);
    CHECK(a.items[0].code == LAT_OK && a.items[2].code == LAT_OK);
    CHECK(a.items[1].code == LAT_ENONFINITE);
    assert_string_equal(a.items[1].err.msg, "zero");
    CHECK(metrics.series[0].nonfinite > 0);
}

/* ---- images ------------------------------------------------------------ */

static struct lat_card pictures_card = {.dims = 1,
                                        .features = 1,
                                        .modality = LAT_IMAGES,
                                        .weights_digest = "g",
                                        .prep_digest = "p",
                                        .gate = {.mode = LAT_GATES_HARD}};
static struct latd_model pictures = {
    .card = &pictures_card, .series = &metrics.series[1], .ws = workspaces};

static void ask_images(struct asker *a, size_t n, const float *x)
{
    ask(a, n, x);
    for (size_t i = 0; i < n; i++)
        a->items[i].model = &pictures;
}

/* One thread stands at the gate until both may go on; the other goes through
 * what waits alone. */
TEST(infer, images_that_wait_for_one_model_go_through_its_heads_together)
{
    struct asker blocker, a, b, c;

    UNUSED_STATE;
    ask(&blocker, 2, (float[]){-1, -1});
    CHECK(submit(&blocker, NULL) == LAT_OK);
    wait_entered(2);
    atomic_store(&most_at_once, 0);
    ask_images(&a, 3, (float[]){1, 0, 3});
    CHECK(submit(&a, NULL) == LAT_OK);
    ask_images(&b, 1, (float[]){4});
    CHECK(submit(&b, NULL) == LAT_OK);
    ask(&c, 1, (float[]){5}); /* another model's: not among them */
    CHECK(submit(&c, NULL) == LAT_OK);
    open_gate(1);
    wait_for(&a);
    wait_for(&b);
    wait_for(&c);
    CHECK(atomic_load(&most_at_once) == 4);
    CHECK(a.items[0].code == LAT_OK && a.y[0] == 1.0f + LAT_GATES_HARD);
    CHECK(a.items[1].code == LAT_ENONFINITE);
    CHECK(a.items[2].code == LAT_OK && a.y[2] == 3.0f + LAT_GATES_HARD);
    CHECK(b.items[0].code == LAT_OK && b.y[0] == 4.0f + LAT_GATES_HARD);
    CHECK(c.items[0].code == LAT_OK && c.y[0] == 10.0f);
    CHECK(metrics.series[1].nonfinite == 1 && metrics.series[1].queued == 0);
    open_gate(1);
    wait_for(&blocker);
}

/* An image that is through its encoder does not hold back those that wait, nor
 * can it be cancelled any more. */
TEST(infer, an_image_that_waits_is_cancelled_beside_one_that_has_begun)
{
    struct asker blocker, a, b;

    UNUSED_STATE;
    ask(&blocker, 1, (float[]){-1});
    CHECK(submit(&blocker, NULL) == LAT_OK);
    wait_entered(1);
    ask_images(&a, 1, (float[]){-2});
    CHECK(submit(&a, NULL) == LAT_OK);
    wait_entered(1);
    ask_images(&b, 1, (float[]){7});
    CHECK(submit(&b, NULL) == LAT_OK);
    latd_infer_cancel(infer, &a.req.batch, LAT_ETIMEOUT);
    latd_infer_cancel(infer, &b.req.batch, LAT_ETIMEOUT);
    wait_for(&b);
    CHECK(b.items[0].code == LAT_ETIMEOUT);
    CHECK(atomic_load(&a.n_done) == 0);
    open_gate(2);
    wait_for(&a);
    CHECK(a.items[0].code == LAT_OK && a.y[0] == -2.0f + LAT_GATES_HARD);
    wait_for(&blocker);
}

/* ---- two stages -------------------------------------------------------- */

static enum lat_code sum_before(struct latd_item *item, struct lat_err *err)
{
    struct asker *a = item->owner;

    (void)err;
    *item->y = a->y[0] + a->y[1];
    return LAT_OK;
}

/* The third item waits for the first two. */
static void second_stage(struct latd_batch *b)
{
    if (atomic_load(&b->cancelled))
        return;
    atomic_store(&b->items[2].state, LATD_ITEM_NEW);
    CHECK(latd_infer_submit(infer, b, NULL) == LAT_OK);
}

static void ask_in_stages(struct asker *a, float x)
{
    ask(a, 3, (float[]){x, 2, 0});
    atomic_store(&a->items[2].state, LATD_ITEM_SETTLED);
    a->items[2].run = sum_before;
    a->items[2].owner = a;
    a->req.batch.then = second_stage;
}

TEST(infer, a_second_stage_runs_once_the_first_is_done)
{
    UNUSED_STATE;
    for (int i = 0; i < 200; i++) {
        struct asker a;

        ask_in_stages(&a, 1);
        CHECK(submit(&a, NULL) == LAT_OK);
        wait_for(&a);
        CHECK(a.items[2].code == LAT_OK && a.y[2] == 6.0f);
    }
}

TEST(infer, a_second_stage_does_not_follow_what_was_cancelled)
{
    struct asker a;

    UNUSED_STATE;
    ask_in_stages(&a, -1);
    CHECK(submit(&a, NULL) == LAT_OK);
    wait_entered(1);
    latd_infer_cancel(infer, &a.req.batch, LAT_ETIMEOUT);
    open_gate(1);
    wait_for(&a);
    CHECK(atomic_load(&a.items[2].state) == LATD_ITEM_SETTLED);
    CHECK(a.y[2] == 0.0f);
}

/* Both threads stand at the gate; what follows waits behind them. */
static void block(struct asker *a)
{
    ask(a, 2, (float[]){-1, -1});
    CHECK(submit(a, NULL) == LAT_OK);
    wait_entered(2);
}

static void unblock(struct asker *a)
{
    open_gate(2);
    wait_for(a);
}

TEST(infer, a_batch_is_admitted_whole_or_not_at_all)
{
    struct asker blocker, a, b, c;
    struct lat_err err = {0};

    UNUSED_STATE;
    block(&blocker);
    ask(&a, 4, (float[]){1, 2, 3, 4});
    CHECK(submit(&a, &err) == LAT_OK);
    ask(&b, 3, (float[]){1, 2, 3});
    CHECK(submit(&b, &err) == LAT_OK);
    CHECK(latd_infer_depth(infer) == 7);
    ask(&c, 2, (float[]){1, 2});
    CHECK(submit(&c, &err) == LAT_EFULL);
    CHECK(strstr(err.msg, "max-queue") && strstr(err.msg, "8"));
    assert_string_equal(err.word, "overloaded");
    wait_for(&c); /* nothing was queued: done at once */
    CHECK(latd_infer_depth(infer) == 7);
    unblock(&blocker);
    wait_for(&a);
    wait_for(&b);
    CHECK(latd_infer_depth(infer) == 0 && metrics.series[0].queued == 0);
}

TEST(infer, what_has_not_begun_is_cancelled_and_what_has_ends)
{
    struct asker blocker, a;
    int before;

    UNUSED_STATE;
    block(&blocker);
    ask(&a, 4, (float[]){1, 2, 3, 4});
    CHECK(submit(&a, NULL) == LAT_OK);
    before = atomic_load(&n_embedded);
    latd_infer_cancel(infer, &a.req.batch, LAT_ETIMEOUT);
    wait_for(&a);
    for (int i = 0; i < 4; i++)
        CHECK(a.items[i].code == LAT_ETIMEOUT);
    CHECK(latd_infer_depth(infer) == 0);
    CHECK(atomic_load(&n_embedded) == before);
    latd_infer_cancel(infer, &blocker.req.batch, LAT_ECANCEL);
    CHECK(atomic_load(&blocker.n_done) == 0); /* both are taken */
    unblock(&blocker);
    CHECK(blocker.items[0].code == LAT_OK);
    latd_infer_cancel(infer, &a.req.batch, LAT_ECANCEL); /* done: nothing */
    CHECK(atomic_load(&a.n_done) == 1);
}

/* ---- with the cache ---------------------------------------------------- */

static void recall(struct asker *a, const uint8_t *digests, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint8_t digest[LAT_DIGEST] = {digests[i]};

        latd_recall_begin(&a->recalls[i], &a->req, &a->items[i], digest, false);
    }
}

static void end(struct asker *a)
{
    for (size_t i = 0; i < N; i++)
        latd_recall_end(&a->recalls[i]);
}

TEST(recall, is_a_miss_at_first_and_a_hit_from_then_on)
{
    struct asker a;

    UNUSED_STATE;
    for (int round = 0; round < 2; round++) {
        ask(&a, 2, (float[]){5, 6});
        recall(&a, (uint8_t[]){10, 11}, 2);
        CHECK(submit(&a, NULL) == LAT_OK);
        wait_for(&a);
        CHECK(a.y[0] == 10.0f && a.y[1] == 12.0f);
        CHECK(a.recalls[0].how ==
              (round ? LATD_RECALLED_HIT : LATD_RECALLED_MISS));
        end(&a);
    }
}

/* The latent alone, and with all parts by the mode of the gates. */
TEST(recall, what_is_asked_of_a_code_is_kept_by_itself)
{
    const uint8_t digest[LAT_DIGEST] = {77};

    UNUSED_STATE;
    CHECK(latd_item_floats(&pictures_card, true) == 4);
    for (int k = 0; k < 6; k++) {
        struct asker a;
        float y[4] = {0.0f};

        ask(&a, 1, (float[]){1});
        a.items[0].model = &pictures;
        a.items[0].y = y;
        a.items[0].parts = k % 3 > 0;
        a.items[0].mode = k % 3 == 1 ? LAT_GATES_HARD : LAT_GATES_SOFT;
        latd_recall_begin(&a.recalls[0], &a.req, &a.items[0], digest, false);
        CHECK(a.recalls[0].how ==
              (k < 3 ? LATD_RECALLED_MISS : LATD_RECALLED_HIT));
        CHECK(submit(&a, NULL) == LAT_OK);
        wait_for(&a);
        latd_recall_end(&a.recalls[0]);
        CHECK(y[0] == 1.0f + (float)(k % 3 ? a.items[0].mode : LAT_GATES_HARD));
        CHECK(y[3] == (k % 3 ? 5.0f : 0.0f));
    }
}

TEST(recall, identical_items_in_flight_are_computed_once)
{
    struct asker blocker, a, b;
    int before;

    UNUSED_STATE;
    block(&blocker);
    before = atomic_load(&n_embedded);
    ask(&a, 2, (float[]){7, 7}); /* twice in one request, too */
    recall(&a, (uint8_t[]){20, 20}, 2);
    CHECK(submit(&a, NULL) == LAT_OK);
    ask(&b, 1, (float[]){7});
    recall(&b, (uint8_t[]){20}, 1);
    CHECK(submit(&b, NULL) == LAT_OK);
    CHECK(a.recalls[1].how == LATD_RECALLED_COALESCED);
    CHECK(b.recalls[0].how == LATD_RECALLED_COALESCED);
    CHECK(latd_infer_depth(infer) == 1);
    unblock(&blocker);
    wait_for(&a);
    wait_for(&b);
    CHECK(a.y[0] == 14.0f && a.y[1] == 14.0f && b.y[0] == 14.0f);
    CHECK(atomic_load(&n_embedded) == before + 3); /* two at the gate */
    end(&a);
    end(&b);
}

TEST(recall, who_follows_one_that_left_is_computed_all_the_same)
{
    struct asker blocker, a, b;

    UNUSED_STATE;
    block(&blocker);
    ask(&a, 2, (float[]){8, 8});
    recall(&a, (uint8_t[]){30, 30}, 2);
    CHECK(submit(&a, NULL) == LAT_OK);
    ask(&b, 1, (float[]){8});
    recall(&b, (uint8_t[]){30}, 1);
    CHECK(submit(&b, NULL) == LAT_OK);
    latd_infer_cancel(infer, &a.req.batch, LAT_ECANCEL);
    wait_for(&a);
    CHECK(a.items[0].code == LAT_ECANCEL && a.items[1].code == LAT_ECANCEL);
    end(&a);
    CHECK(atomic_load(&b.n_done) == 0);
    unblock(&blocker);
    wait_for(&b);
    CHECK(b.items[0].code == LAT_OK && b.y[0] == 16.0f);
    end(&b);
}

TEST(recall, a_follower_that_leaves_does_not_disturb_who_leads)
{
    struct asker blocker, a, b;

    UNUSED_STATE;
    block(&blocker);
    ask(&a, 1, (float[]){9});
    recall(&a, (uint8_t[]){40}, 1);
    CHECK(submit(&a, NULL) == LAT_OK);
    ask(&b, 1, (float[]){9});
    recall(&b, (uint8_t[]){40}, 1);
    CHECK(submit(&b, NULL) == LAT_OK);
    latd_infer_cancel(infer, &b.req.batch, LAT_ETIMEOUT);
    wait_for(&b);
    CHECK(b.items[0].code == LAT_ETIMEOUT);
    end(&b);
    unblock(&blocker);
    wait_for(&a);
    CHECK(a.y[0] == 18.0f);
    end(&a);
}

TEST(recall, one_that_was_refused_lets_others_go_on)
{
    struct asker blocker, fill, more, a, b;

    UNUSED_STATE;
    block(&blocker);
    ask(&fill, 4, (float[]){1, 1, 1, 1});
    CHECK(submit(&fill, NULL) == LAT_OK);
    ask(&more, 4, (float[]){1, 1, 1, 1});
    CHECK(submit(&more, NULL) == LAT_OK);
    ask(&a, 1, (float[]){11});
    recall(&a, (uint8_t[]){50}, 1);
    ask(&b, 1, (float[]){11});
    recall(&b, (uint8_t[]){50}, 1);
    CHECK(submit(&a, NULL) == LAT_EFULL);
    CHECK(submit(&b, NULL) == LAT_OK); /* it follows: nothing to queue */
    wait_for(&a);
    end(&a); /* resigns, and b leads from here on */
    CHECK(latd_infer_depth(infer) == 9);
    unblock(&blocker);
    wait_for(&b);
    CHECK(b.y[0] == 22.0f);
    wait_for(&fill);
    wait_for(&more);
    end(&b);
}

TEST(recall, an_error_of_the_model_is_everybodys_and_is_not_kept)
{
    struct asker blocker, a, b;

    UNUSED_STATE;
    block(&blocker);
    ask(&a, 1, (float[]){0});
    recall(&a, (uint8_t[]){60}, 1);
    CHECK(submit(&a, NULL) == LAT_OK);
    ask(&b, 1, (float[]){0});
    recall(&b, (uint8_t[]){60}, 1);
    CHECK(submit(&b, NULL) == LAT_OK);
    unblock(&blocker);
    wait_for(&a);
    wait_for(&b);
    CHECK(a.items[0].code == LAT_ENONFINITE);
    CHECK(b.items[0].code == LAT_ENONFINITE);
    assert_string_equal(b.items[0].err.msg, "zero");
    end(&a);
    end(&b);
}

/* Threads that ask for a few things at once, some of them leaving. */
static void *storm(void *arg)
{
    unsigned r = (unsigned)(size_t)arg;
    struct asker a;

    for (int i = 0; i < 400; i++) {
        uint8_t digests[2];
        float x[2];

        for (int k = 0; k < 2; k++) {
            r = r * 1103515245u + 12345u;
            digests[k] = (uint8_t)(100 + (r >> 16) % 50);
            x[k] = (float)digests[k];
        }
        ask(&a, 2, x);
        recall(&a, digests, 2);
        if (latd_infer_submit(infer, &a.req.batch, NULL) == LAT_OK &&
            (r >> 20) % 4 == 0)
            latd_infer_cancel(infer, &a.req.batch, LAT_ECANCEL);
        else if (atomic_load(&a.items[0].state) == LATD_ITEM_NEW ||
                 atomic_load(&a.items[1].state) == LATD_ITEM_NEW)
            latd_infer_cancel(infer, &a.req.batch, LAT_ECANCEL);
        latd_batch_release(&a.req.batch);
        while (sem_wait(&a.done))
            ;
        for (int k = 0; k < 2; k++)
            if (atomic_load(&a.items[k].state) == LATD_ITEM_DONE &&
                a.items[k].code == LAT_OK && a.y[k] != 2.0f * x[k])
                return "wrong";
        end(&a);
        sem_destroy(&a.done);
    }
    return NULL;
}

TEST(recall, survives_a_storm)
{
    pthread_t threads[4];
    void *wrong;

    UNUSED_STATE;
    for (size_t i = 0; i < 4; i++)
        CHECK(pthread_create(&threads[i], NULL, storm, (void *)(i + 1)) == 0);
    for (size_t i = 0; i < 4; i++) {
        pthread_join(threads[i], &wrong);
        CHECK(!wrong);
    }
    CHECK(latd_infer_depth(infer) == 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(infer, embeds_a_batch_and_says_so_once),
        T(infer, one_bad_item_does_not_poison_its_batch),
        T(infer, images_that_wait_for_one_model_go_through_its_heads_together),
        T(infer, an_image_that_waits_is_cancelled_beside_one_that_has_begun),
        T(infer, a_second_stage_runs_once_the_first_is_done),
        T(infer, a_second_stage_does_not_follow_what_was_cancelled),
        T(infer, a_batch_is_admitted_whole_or_not_at_all),
        T(infer, what_has_not_begun_is_cancelled_and_what_has_ends),
        T(recall, is_a_miss_at_first_and_a_hit_from_then_on),
        T(recall, what_is_asked_of_a_code_is_kept_by_itself),
        T(recall, identical_items_in_flight_are_computed_once),
        T(recall, who_follows_one_that_left_is_computed_all_the_same),
        T(recall, a_follower_that_leaves_does_not_disturb_who_leads),
        T(recall, one_that_was_refused_lets_others_go_on),
        T(recall, an_error_of_the_model_is_everybodys_and_is_not_kept),
        T(recall, survives_a_storm),
    };
    int failed;

    sem_init(&gate, 0, 0);
    sem_init(&entered, 0, 0);
    if (latd_infer_start(&infer, 2, MAX_QUEUE, &metrics, NULL) ||
        latd_cache_new(&app.cache, 1 << 12, NULL, NULL))
        return 1;
    app.infer = infer;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    latd_infer_stop(infer);
    latd_cache_free(app.cache);
    return failed;
}
