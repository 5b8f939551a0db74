/* test_gated_train.c - learning from pictures, on two kinds of made-up ones. */
#include "../../core/base/mem.h"
#include "../../core/measure.h"
#include "../../core/train/gated.h"
#include "ops.h"

#include <stdlib.h>
#include <unistd.h>

enum { IMAGES = 48, RECORD = 3073, PLANE = 1024, STEPS = 120 };

static char path[] = "/tmp/test_gated_train.XXXXXX.bin";

/* CIFAR's: class 0 has stripes along, class 1 stripes across, of any width,
 * phase and colour. */
static int set_up(void **state)
{
    static uint8_t v[IMAGES * RECORD];
    struct lat_rng rng;
    int fd = mkstemps(path, 4);

    (void)state;
    lat__rng_seed(&rng, 4);
    for (size_t i = 0; i < IMAGES; i++) {
        double width = 0.6 + lat__rng_uniform(&rng);
        double phase = 6.0 * lat__rng_uniform(&rng);

        v[i * RECORD] = (uint8_t)(i % 2);
        for (size_t c = 0; c < 3; c++) {
            double bright = 40.0 + 80.0 * lat__rng_uniform(&rng);

            for (size_t p = 0; p < PLANE; p++) {
                double at = (double)(i % 2 ? p / 32 : p % 32);

                v[i * RECORD + 1 + c * PLANE + p] =
                    (uint8_t)(127.0 + bright * sin(width * at + phase));
            }
        }
    }
    if (fd < 0 || write(fd, v, sizeof(v)) != (ssize_t)sizeof(v))
        return -1;
    return close(fd);
}

static int tear_down(void **state)
{
    (void)state;
    return unlink(path);
}

static struct lat_gallery *gallery(void)
{
    const char *const paths[] = {path};
    struct lat_gallery *g = NULL;

    CHECK(lat_gallery_open(&g, paths, 1, NULL) == LAT_OK);
    return g;
}

static struct lat__gated_recipe recipe(const struct lat_gallery *g)
{
    struct lat__gated_recipe r = {
        .resnet = {4, {1, 1, 0, 0}, true, 1},
        .hidden = 24,
        .dims = 12,
        .gate_layers = 2,
        .loss = {.nonneg = LAT_NONNEG_REP_RELU,
                 .gate = {.kind = LAT_GATE_STE, .temperature = 1.0},
                 .prior = 0.8,
                 .lambda = 1e-3,
                 .tau = 0.2},
        .data = {.gallery = g,
                 .mean = {0.5, 0.5, 0.5},
                 .deviation = {0.25, 0.25, 0.25},
                 .n = 16},
        .rule = LAT_LARS,
        .optimiser = {.weight_decay = 1e-4, .eta = 0.05, .momentum = 0.9},
        .rate = 0.3,
        .gate_rate = 0.1,
        .class_rate = 0.3,
        .steps = STEPS,
        .warm_up = 3,
        .seed = 1,
    };

    r.data.views = lat__picture_views_published(16);
    r.data.views.aspect[0] = r.data.views.aspect[1] = 1.0;
    r.data.views.area[0] = 0.5;
    r.data.views.jitter = r.data.views.grey = 0.0; /* colours tell them apart */
    return r;
}

struct run {
    struct lat_gallery *g;
    struct lat_ctx ctx;
    struct lat__gated_trainer *t;
    struct lat__gated_values first, last; /* means of five steps */
};

static void add_fifth(struct lat__gated_values *sum,
                      const struct lat__gated_values *v)
{
    sum->loss.nce += v->loss.nce / 5.0;
    sum->classes += v->classes / 5.0;
}

static void run_init(struct run *r, struct lat__gated_recipe *recipe_of,
                     unsigned threads)
{
    struct lat_err err = {0};

    *r = (struct run){.ctx = ctx_new(threads, 0), .g = gallery()};
    recipe_of->data.gallery = r->g;
    if (lat__gated_trainer_new(&r->t, recipe_of, r->ctx.kernel, r->ctx.team,
                               &err)) {
        print_error("%s\n", err.msg);
        fail();
    }
}

static void run_steps(struct run *r, size_t steps)
{
    for (size_t i = 0; i < steps; i++) {
        struct lat__gated_values v;

        CHECK(lat__gated_step(r->t, &v, NULL) == LAT_OK);
        if (i < 5)
            add_fifth(&r->first, &v);
        if (i + 5 >= steps)
            add_fifth(&r->last, &v);
    }
}

static void run_fini(struct run *r)
{
    lat__gated_trainer_free(r->t);
    lat_gallery_close(r->g);
    ctx_free(&r->ctx);
}

TEST(gated_train, learns_to_find_the_other_view)
{
    struct lat__gated_recipe how = recipe(NULL);
    struct run r;

    UNUSED_STATE;
    run_init(&r, &how, 2);
    run_steps(&r, STEPS);
    CHECK(r.first.loss.nce > 1.5 && r.first.loss.nce < 4.5);
    CHECK(r.last.loss.nce < r.first.loss.nce - 0.2);
    CHECK(r.last.classes < 0.5 * r.first.classes);
    run_fini(&r);
}

/* Every kind of gate, of head and of non-negativity takes steps. */
TEST(gated_train, takes_steps_of_every_kind)
{
    struct lat__gated_recipe how = recipe(NULL);
    struct run r;

    UNUSED_STATE;
    for (unsigned gate = 0; gate < LAT_N_GATES; gate++) {
        how.loss.gate.kind = gate;
        how.gate_layers = 1 + gate % 3;
        how.loss.nonneg = gate;
        how.loss.top_k = gate == LAT_GATE_OFF ? 5 : 0;
        run_init(&r, &how, 2);
        run_steps(&r, 2);
        CHECK(!r.t->part[LAT_PART_GATES].net ==
              (gate == LAT_GATE_OFF || gate == LAT_GATE_FIXED));
        run_fini(&r);
    }
}

static uint64_t digest(const struct run *r)
{
    uint64_t h = 14695981039346656037u;

    for (size_t i = 0; i < LAT_N_GATED_PARTS; i++) {
        const struct lat__gated_net *p = &r->t->part[i];
        const uint8_t *v = (const uint8_t *)p->params;

        for (size_t k = 0; p->net && k < p->net->n_params * sizeof(float); k++)
            h = (h ^ v[k]) * 1099511628211u;
    }
    return h;
}

static uint64_t digest_after(struct lat__gated_recipe how, unsigned threads)
{
    struct run r;
    uint64_t h;

    run_init(&r, &how, threads);
    run_steps(&r, 4);
    h = digest(&r);
    run_fini(&r);
    return h;
}

TEST(gated_train, is_decided_by_its_seed_alone)
{
    struct lat__gated_recipe how = recipe(NULL), other = how;

    UNUSED_STATE;
    CHECK(digest_after(how, 1) == digest_after(how, 3));
    other.seed = 2;
    CHECK(digest_after(how, 1) != digest_after(other, 1));
}

static const char *saved(void)
{
    static char to[64];

    snprintf(to, sizeof(to), "%s.state", path);
    return to;
}

/* Across the end of an epoch, with a gate that draws. */
TEST(gated_train, goes_on_where_it_stopped)
{
    struct lat__gated_recipe how = recipe(NULL);
    uint64_t whole;
    struct run r;

    UNUSED_STATE;
    how.loss.gate.kind = LAT_GATE_CONCRETE;
    whole = digest_after(how, 2);
    run_init(&r, &how, 2);
    run_steps(&r, 2);
    CHECK(lat__gated_save(r.t, saved(), NULL) == LAT_OK);
    run_fini(&r);
    run_init(&r, &how, 1);
    CHECK(lat__gated_load(r.t, saved(), NULL) == LAT_OK && r.t->step == 2);
    run_steps(&r, 2);
    CHECK(digest(&r) == whole);
    run_fini(&r);
    CHECK(unlink(saved()) == 0);
}

static void check_not_loaded(struct run *r, const char *message)
{
    struct lat_err err = {0};
    uint64_t before = digest(r);

    if (lat__gated_load(r->t, saved(), &err) == LAT_OK ||
        !strstr(err.msg, message)) {
        print_error("`%s`, expected `%s`\n", err.msg, message);
        fail();
    }
    CHECK(digest(r) == before && r->t->step == 0);
}

TEST(gated_train, refuses_what_is_not_its_checkpoint)
{
    struct lat__gated_recipe how = recipe(NULL), other = how;
    struct run r, another;
    char *file = NULL;
    size_t len;

    UNUSED_STATE;
    run_init(&r, &how, 1);
    other.loss.prior = 0.7;
    run_init(&another, &other, 1);
    CHECK(lat__gated_save(r.t, saved(), NULL) == LAT_OK);
    check_not_loaded(&another, "of another recipe, other images or another");
    CHECK(lat_file_read(&file, &len, saved(), 1 << 24, NULL) == LAT_OK);
    file[len - 100] ^= 1;
    CHECK(lat_file_write(saved(), file, len, NULL) == LAT_OK);
    check_not_loaded(&r, "damaged: its digest differs");
    CHECK(lat_file_write(saved(), file, len - 1, NULL) == LAT_OK);
    check_not_loaded(&r, "bytes, expected");
    CHECK(lat_file_write(saved(), "latentd", 7, NULL) == LAT_OK);
    check_not_loaded(&r, "not a checkpoint");
    CHECK(unlink(saved()) == 0);
    check_not_loaded(&r, "cannot open");
    lat_free(file);
    run_fini(&r);
    run_fini(&another);
}

/* What the head of gates learns is its own affair, unless it is not isolated:
 * with the same mask and another prior the encoder stays what it was. */
TEST(gated_train, gates_are_isolated_from_the_encoder)
{
    struct lat__gated_recipe how[2] = {recipe(NULL), recipe(NULL)};
    float *first[2];
    struct run r[2];

    UNUSED_STATE;
    how[1].loss.lambda = 0.1;
    for (int open = 0; open < 2; open++) {
        size_t n;

        for (int i = 0; i < 2; i++) {
            how[i].not_isolated = open;
            run_init(&r[i], &how[i], 2);
            run_steps(&r[i], 1);
            first[i] = r[i].t->part[LAT_PART_BODY].params;
        }
        n = r[0].t->part[LAT_PART_BODY].net->n_trained;
        CHECK((memcmp(first[0], first[1], n * sizeof(float)) == 0) == !open);
        CHECK(memcmp(r[0].t->part[LAT_PART_GATES].params,
                     r[1].t->part[LAT_PART_GATES].params,
                     r[0].t->part[LAT_PART_GATES].net->n_trained *
                         sizeof(float)) != 0);
        run_fini(&r[0]);
        run_fini(&r[1]);
    }
}

/* What is no number stops the run and leaves it as it was. */
TEST(gated_train, stops_where_the_loss_is_not_finite)
{
    struct lat__gated_recipe how = recipe(NULL);
    struct lat__gated_values v;
    struct lat_err err = {0};
    struct run r;
    uint64_t before;

    UNUSED_STATE;
    run_init(&r, &how, 1);
    r.t->part[LAT_PART_CLASSES].params[0] = NAN;
    before = digest(&r);
    CHECK(lat__gated_step(r.t, &v, &err) == LAT_EDIVERGE);
    CHECK(digest(&r) == before && r.t->step == 0);
    run_fini(&r);
}

/* Of the images in the order of the gallery, however many; the features know
 * stripes along from stripes across. */
TEST(gated_train, codes_do_not_depend_on_their_neighbours)
{
    static float h[IMAGES * 8], u[IMAGES * 12], one_h[8], one_u[12];
    struct lat__gated_recipe how = recipe(NULL);
    struct run r;

    UNUSED_STATE;
    run_init(&r, &how, 2);
    run_steps(&r, STEPS);
    CHECK(lat__gated_embed(r.t, h, u,
                           &(struct lat__gated_ask){r.g, 0, IMAGES, false},
                           NULL) == LAT_OK);
    CHECK(lat__gated_embed(r.t, one_h, one_u,
                           &(struct lat__gated_ask){r.g, 37, 1, false},
                           NULL) == LAT_OK);
    assert_memory_equal(one_h, h + 37 * 8, sizeof(one_h));
    assert_memory_equal(one_u, u + 37 * 12, sizeof(one_u));
    for (size_t i = 0; i < IMAGES; i++) {
        double length = times(u + i * 12, u + i * 12, 12);

        CHECK(fabs(length - 1.0) < 1e-5 || length == 0.0);
        for (size_t k = 0; k < 12; k++)
            CHECK(u[i * 12 + k] >= 0.0f);
    }
    run_fini(&r);
}

/* Of the batch: now neighbours count, those of another batch do not, and the
 * running statistics stay what they were. */
TEST(gated_train, codes_by_statistics_of_the_batch)
{
    static float h[IMAGES * 8], again[IMAGES * 8], running[IMAGES * 8];
    struct lat__gated_recipe how = recipe(NULL);
    struct run r;
    uint64_t before;

    UNUSED_STATE;
    run_init(&r, &how, 2);
    run_steps(&r, 3);
    before = digest(&r);
    CHECK(lat__gated_embed(r.t, h, NULL,
                           &(struct lat__gated_ask){r.g, 0, IMAGES, true},
                           NULL) == LAT_OK);
    CHECK(lat__gated_embed(r.t, again, NULL,
                           &(struct lat__gated_ask){r.g, 32, 16, true},
                           NULL) == LAT_OK);
    CHECK(lat__gated_embed(r.t, running, NULL,
                           &(struct lat__gated_ask){r.g, 0, IMAGES, false},
                           NULL) == LAT_OK);
    assert_memory_equal(again, h + 32 * 8, 16 * 8 * sizeof(float));
    CHECK(memcmp(h, running, sizeof(h)) != 0);
    CHECK(lat__gated_embed(r.t, again, NULL,
                           &(struct lat__gated_ask){r.g, 33, 15, true},
                           NULL) == LAT_OK);
    CHECK(memcmp(again, h + 33 * 8, 8 * sizeof(float)) != 0);
    CHECK(digest(&r) == before);
    run_fini(&r);
}

TEST(gated_train, new_survives_any_failed_allocation)
{
    struct lat_gallery *g = gallery();
    struct lat__gated_recipe how = recipe(g);
    struct lat__gated_trainer *t = NULL;
    struct lat_ctx ctx = ctx_new(1, 0);
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = lat__gated_trainer_new(&t, &how, ctx.kernel, NULL, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !t));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 40);
    lat__gated_trainer_free(t);
    lat_gallery_close(g);
    ctx_free(&ctx);
}

TEST(gated_train, says_what_does_not_fit)
{
    struct lat_gallery *g = gallery();
    struct lat__gated_recipe how = recipe(g);
    struct lat__gated_trainer *t = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    how.data.n = IMAGES + 1;
    CHECK(lat__gated_trainer_new(&t, &how, NULL, NULL, &err) == LAT_EINVAL);
    CHECK(strstr(err.msg, "batches of 49 images, must be 2 to the 48"));
    how.data.n = 8;
    how.gate_layers = 4;
    CHECK(lat__gated_trainer_new(&t, &how, NULL, NULL, &err) == LAT_EINVAL);
    CHECK(strstr(err.msg, "4 layers of gates, must be 1, 2 or 3") && !t);
    lat_gallery_close(g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(gated_train, learns_to_find_the_other_view),
        T(gated_train, takes_steps_of_every_kind),
        T(gated_train, is_decided_by_its_seed_alone),
        T(gated_train, goes_on_where_it_stopped),
        T(gated_train, refuses_what_is_not_its_checkpoint),
        T(gated_train, gates_are_isolated_from_the_encoder),
        T(gated_train, stops_where_the_loss_is_not_finite),
        T(gated_train, codes_do_not_depend_on_their_neighbours),
        T(gated_train, codes_by_statistics_of_the_batch),
        T(gated_train, new_survives_any_failed_allocation),
        T(gated_train, says_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, set_up, tear_down);
}
