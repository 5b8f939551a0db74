/* test_from.c - training that goes on from a model. */
#include "tiny.h"

#include <string.h>
#include <unistd.h>

static const struct lat_kernel *kernel(void)
{
    const struct lat_kernel *k = NULL;

    CHECK(lat_kernel_pick(&k, "blas", NULL) == LAT_OK);
    return k;
}

static struct lat_trainer *trainer(const struct lat_recipe *r,
                                   const struct lat_dataset *d)
{
    struct lat_trainer *t = NULL;
    struct lat_err err = {0};

    if (lat_trainer_new(&t, r, d, kernel(), 1, &err))
        print_error("%s\n", err.msg);
    assert_non_null(t);
    return t;
}

static void run(struct lat_trainer *t)
{
    while (!lat_train_finished(t))
        CHECK(lat_train_step(t, NULL) == LAT_OK);
}

static struct lat_model *published(const struct lat_trainer *t)
{
    char path[] = "/tmp/latentd-test-XXXXXX";
    struct lat_model *m = NULL;
    int fd = mkstemp(path);

    CHECK(fd >= 0 && close(fd) == 0);
    CHECK(lat_train_publish(t, path, NULL, NULL) == LAT_OK);
    CHECK(lat_model_read(&m, path, NULL) == LAT_OK);
    CHECK(unlink(path) == 0);
    return m;
}

/* A parent of a few steps, by a recipe that another recipe knows nothing of. */
struct family {
    struct lat_recipe *old, *r;
    struct lat_dataset *d;
    struct lat_model *parent;
};

static void family_init(struct family *f)
{
    struct lat_trainer *t;

    f->old = recipe("scl");
    f->d = dataset(f->old);
    t = trainer(f->old, f->d);
    run(t);
    f->parent = published(t);
    lat_trainer_free(t);
    f->r = NULL;
    CHECK(lat__recipe_new(&f->r, NULL) == LAT_OK);
    set(f->r, "batch", "8");
    set(f->r, "steps", "4");
    set(f->r, "lr", "0.01");
    set(f->r, "warm_up", "0");
    set(f->r, "validate_every", "0");
    CHECK(lat_recipe_adopt(f->r, f->parent, NULL) == LAT_OK);
}

static void family_fini(struct family *f)
{
    lat_model_unref(f->parent);
    lat_recipe_free(f->old);
    lat_recipe_free(f->r);
    lat_dataset_free(f->d);
}

static struct lat_trainer *child(const struct family *f)
{
    struct lat_trainer *t = trainer(f->r, f->d);

    CHECK(lat_train_from(t, f->parent, NULL) == LAT_OK);
    return t;
}

/* Whether the tensors of layer i are the parent's still. */
static bool kept(const struct family *f, const struct lat_trainer *t, size_t i)
{
    const struct lat__layer *l = &t->net->encoder.layers[i];
    const float *old = lat__model_params(f->parent);

    for (size_t p = 0; p < l->n_params; p++)
        if (memcmp(t->params + l->params[p].offset, old + l->params[p].offset,
                   lat__param_count(&l->params[p]) * sizeof(float)) != 0)
            return false;
    return true;
}

TEST(from, adopts_the_card_and_begins_with_its_weights)
{
    struct family f;
    struct lat_trainer *t;
    struct lat_model *m;

    UNUSED_STATE;
    family_init(&f);
    CHECK(f.r->window == 64 && f.r->block[LAT_INV] == 6 &&
          f.r->prep.high_hz == f.old->prep.high_hz && f.r->rate_hz == 100.0);
    t = child(&f);
    CHECK(memcmp(t->params, lat__model_params(f.parent),
                 t->net->n_params * sizeof(float)) == 0);
    run(t);
    CHECK(!kept(&f, t, 0) && !kept(&f, t, 4));
    CHECK(lat_train_from(t, f.parent, NULL) == LAT_EBUSY);
    m = published(t);
    CHECK(strstr(lat_model_card(m)->json, "\"parent\""));
    CHECK(strstr(lat_model_card(m)->json, lat_model_card(f.parent)->digest));
    lat_model_unref(m);
    lat_trainer_free(t);
    family_fini(&f);
}

TEST(from, frozen_layers_keep_their_bytes)
{
    struct family f;
    struct lat_trainer *t;

    UNUSED_STATE;
    family_init(&f);
    set(f.r, "freeze", "3"); /* conv1d, batchnorm, relu */
    t = child(&f);
    run(t);
    CHECK(kept(&f, t, 0) && kept(&f, t, 1) && !kept(&f, t, 4));
    lat_trainer_free(t);
    family_fini(&f);
}

/* The first step of Adam moves each weight by its rate, near enough. */
static double moved(const struct family *f, const struct lat_trainer *t,
                    size_t layer)
{
    const struct lat__param *p = &t->net->encoder.layers[layer].params[0];
    const float *old = lat__model_params(f->parent);
    double most = 0.0;

    for (size_t i = 0; i < lat__param_count(p); i++)
        most = fmax(most, fabs((double)t->params[p->offset + i] -
                               (double)old[p->offset + i]));
    return most;
}

TEST(from, early_layers_move_by_their_share)
{
    struct family f;
    struct lat_trainer *t;

    UNUSED_STATE;
    family_init(&f);
    set(f.r, "early_lr", "0.01");
    set(f.r, "decay", "constant");
    t = child(&f);
    CHECK(lat_train_step(t, NULL) == LAT_OK);
    CHECK_NEAR(moved(&f, t, 0), 0.01 * 0.01, 1e-6);
    CHECK_NEAR(moved(&f, t, 1), 0.01 * pow(0.01, 0.75), 1e-5);
    CHECK_NEAR(moved(&f, t, 4), 0.01, 1e-4);
    lat_trainer_free(t);
    family_fini(&f);
}

TEST(from, stopped_and_resumed_ends_in_the_same_bytes)
{
    char path[] = "/tmp/latentd-test-XXXXXX";
    int fd = mkstemp(path);
    struct family f;
    struct lat_trainer *a, *b, *other;

    UNUSED_STATE;
    CHECK(fd >= 0 && close(fd) == 0);
    family_init(&f);
    set(f.r, "freeze", "1");
    set(f.r, "early_lr", "0.5");
    a = child(&f);
    b = child(&f);
    other = trainer(f.r, f.d);
    CHECK(lat_train_step(a, NULL) == LAT_OK);
    CHECK(lat_train_save(a, path, NULL) == LAT_OK);
    run(a);
    CHECK(lat_train_load(b, path, NULL) == LAT_OK);
    run(b);
    CHECK(memcmp(a->params, b->params, a->net->n_params * sizeof(float)) == 0);
    /* One that did not begin with the parent is another run. */
    CHECK(lat_train_load(other, path, NULL) == LAT_EINVAL);
    CHECK(unlink(path) == 0);
    lat_trainer_free(a);
    lat_trainer_free(b);
    lat_trainer_free(other);
    family_fini(&f);
}

TEST(from, the_parents_recipe_stands_in_its_card)
{
    struct family f;
    struct lat_recipe *r = NULL;
    struct lat_buf a = {0}, b = {0};

    UNUSED_STATE;
    family_init(&f);
    CHECK(lat_recipe_of(&r, f.parent, NULL) == LAT_OK);
    lat_recipe_print(&a, f.old);
    lat_recipe_print(&b, r);
    assert_string_equal(a.v, b.v);
    lat_buf_fini(&a);
    lat_buf_fini(&b);
    lat_recipe_free(r);
    family_fini(&f);
}

TEST(from, refuses_what_does_not_fit)
{
    struct family f;
    struct lat_trainer *t = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    family_init(&f);
    set(f.r, "freeze", "6");
    CHECK(lat_trainer_new(&t, f.r, f.d, kernel(), 1, &err) == LAT_EINVAL && !t);
    CHECK(strstr(err.msg, "freeze is 6 of an encoder of 5 layers"));
    set(f.r, "freeze", "0");
    set(f.r, "encoder",
        "conv1d 5 k5 s2 p2, batchnorm, relu, flatten, "
        "linear 12");
    t = trainer(f.r, f.d);
    CHECK(lat_train_from(t, f.parent, &err) == LAT_EUNFIT);
    CHECK(strstr(err.msg, "an encoder of other layers"));
    lat_trainer_free(t);
    family_fini(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(from, adopts_the_card_and_begins_with_its_weights),
        T(from, frozen_layers_keep_their_bytes),
        T(from, early_layers_move_by_their_share),
        T(from, stopped_and_resumed_ends_in_the_same_bytes),
        T(from, the_parents_recipe_stands_in_its_card),
        T(from, refuses_what_does_not_fit),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
