/* test_losses.c - known values, slopes, and what must not be touched. */
#include "../../core/base/mem.h"
#include "../../core/base/rng.h"
#include "../../core/losses.h"
#include "../check.h"

#include <jansson.h>
#include <string.h>

enum { N = 4, VIEWS = 2, DIMS = 6, ROWS = N * VIEWS };

/* The plain sum, so that the losses are tested by themselves. */
static void plain_product(const struct lat_product *p)
{
    for (size_t i = 0; i < p->m; i++)
        for (size_t j = 0; j < p->n; j++) {
            double sum = p->add ? (double)p->c[i * p->c_row + j] : 0.0;

            for (size_t q = 0; q < p->k; q++)
                sum += (double)p->a[i * p->a_row + q * p->a_col] *
                       (double)p->b[q * p->b_row + j];
            p->c[i * p->c_row + j] = (float)sum;
        }
}

static const struct lat_kernel plain = {.name = "plain",
                                        .product = plain_product};
static const struct lat_contrast_spec golden_spec = {
    .n = N, .n_views = VIEWS, .dims = DIMS, .inv = {0, 3}, .var = {3, 5}};

static struct lat_contrast *contrast_of(const struct lat_contrast_spec *spec)
{
    struct lat_contrast *c = NULL;

    CHECK(lat__contrast_new(&c, spec, &plain, NULL) == LAT_OK);
    return c;
}

static json_t *golden(void)
{
    json_error_t at;
    json_t *root = json_load_file(src_path("tests/golden/scl.json"), 0, &at);

    if (!root)
        print_error("%s\n", at.text);
    assert_non_null(root);
    return root;
}

static void read_view(float *z, const json_t *view)
{
    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < DIMS; j++)
            z[i * DIMS + j] = (float)json_number_value(
                json_array_get(json_array_get(view, i), j));
}

static double number(const json_t *o, const char *a, const char *b)
{
    const json_t *v = json_object_get(o, a);

    if (b)
        v = json_object_get(v, b);
    assert_true(json_is_number(v));
    return json_number_value(v);
}

static void check_grads(const float *dz, const json_t *c)
{
    float want[ROWS * DIMS];

    read_view(want, json_object_get(c, "grad_a"));
    read_view(want + N * DIMS, json_object_get(c, "grad_b"));
    for (size_t i = 0; i < ROWS * DIMS; i++) {
        CHECK_NEAR(dz[i], want[i], 1e-5);
        if (i % DIMS == 5)
            CHECK(dz[i] == 0.0f); /* the free block, exactly */
    }
}

static void check_scl(struct lat_contrast *k, const json_t *c)
{
    const json_t *labels = json_object_get(c, "labels");
    struct lat_scl_spec s = {.w_inv = number(c, "weights", "inv"),
                             .w_var = number(c, "weights", "var"),
                             .w_neg = number(c, "weights", "neg"),
                             .m_var = number(c, "margins", "var"),
                             .m_neg = number(c, "margins", "neg")};
    struct lat_scl_loss l;
    uint32_t group[N];

    for (size_t i = 0; i < N; i++)
        group[i] = (uint32_t)json_integer_value(json_array_get(labels, i));
    l = lat__scl(k, &s, 1.0, json_is_array(labels) ? group : NULL);
    CHECK_NEAR(l.inv / number(c, "L_inv", NULL), 1.0, 1e-6);
    CHECK_NEAR(l.var / number(c, "L_var", NULL), 1.0, 1e-6);
    CHECK_NEAR(l.neg / number(c, "L_neg", NULL), 1.0, 1e-6);
    CHECK_NEAR(l.total / number(c, "L_scl", NULL), 1.0, 1e-6);
}

static void check_nce(struct lat_contrast *k, const json_t *c)
{
    struct lat_nce_spec s = {.tau = number(c, "tau", NULL),
                             .kappa = number(c, "kappa", NULL)};

    CHECK_NEAR(lat__scl_nce(k, &s, 1.0, NULL) / number(c, "L_scl", NULL), 1.0,
               1e-6);
}

TEST(scl, has_the_known_values_and_gradients)
{
    struct lat_contrast *k = contrast_of(&golden_spec);
    json_t *root = golden(), *cases = json_object_get(root, "cases"), *c;
    float z[ROWS * DIMS], dz[ROWS * DIMS];
    size_t i;

    UNUSED_STATE;
    CHECK(json_array_size(cases) == 6);
    read_view(z, json_object_get(root, "view_a"));
    read_view(z + N * DIMS, json_object_get(root, "view_b"));
    json_array_foreach(cases, i, c)
    {
        lat__contrast_forward(k, z);
        if (json_object_get(c, "tau"))
            check_nce(k, c);
        else
            check_scl(k, c);
        lat__contrast_backward(k, dz);
        check_grads(dz, c);
    }
    json_decref(root);
    lat__contrast_free(k);
}

/* Both losses at once, three views, groups: all that the cases leave out. */
struct both {
    struct lat_contrast *k;
    const uint32_t *group;
    enum lat_same same;
    float z[3 * N * DIMS];
};

static double both_loss(void *arg)
{
    const struct lat_scl_spec s = {1.0, 0.5, 0.7, -0.9, -0.8};
    struct both *b = arg;
    struct lat_nce_spec nce = {.tau = 0.5, .kappa = 0.8, .same = b->same};
    double loss;

    lat__contrast_forward(b->k, b->z);
    loss = lat__scl(b->k, &s, 0.3, b->group).total;
    return 0.3 * loss + 0.6 * lat__scl_nce(b->k, &nce, 0.6, b->group);
}

static void check_both(const uint32_t *group, enum lat_same same)
{
    struct lat_contrast_spec spec = golden_spec;
    struct both b = {.group = group, .same = same};
    float dz[3 * N * DIMS];

    spec.n_views = 3;
    spec.inv = (struct lat_range){1, 4};
    spec.var = (struct lat_range){4, 6};
    b.k = contrast_of(&spec);
    for (size_t i = 0; i < 3 * N * DIMS; i++)
        b.z[i] = (float)(3.0 * sin(1.7 * (double)(i * i)));
    both_loss(&b);
    lat__contrast_backward(b.k, dz);
    for (size_t i = 0; i < 3 * N; i++)
        CHECK(dz[i * DIMS] == 0.0f);
    check_grad(both_loss, &b, b.z, dz, 3 * N * DIMS, 2e-4);
    lat__contrast_free(b.k);
}

TEST(scl, backward_matches_differences)
{
    const uint32_t group[N] = {7, 3, 7, 1};

    UNUSED_STATE;
    check_both(NULL, LAT_SAME_OUT);
    check_both(group, LAT_SAME_OUT);
    check_both(group, LAT_SAME_PULL);
}

/* With equal rows no view stands out: the loss is log(rows - 1). */
TEST(scl_nce, even_rows_cost_log_of_choices)
{
    struct lat_contrast *k = contrast_of(&golden_spec);
    struct lat_nce_spec s = {.tau = 0.1};
    float z[ROWS * DIMS];

    UNUSED_STATE;
    for (size_t i = 0; i < ROWS * DIMS; i++)
        z[i] = 0.5f;
    lat__contrast_forward(k, z);
    CHECK_NEAR(lat__scl_nce(k, &s, 1.0, NULL), log(ROWS - 1), 1e-6);
    lat__contrast_free(k);
}

/* A latent of zeros has no direction; nothing may become infinite. */
TEST(scl, stays_finite_on_zeros)
{
    const struct lat_scl_spec s = {1.0, 0.5, 0.5, 0.0, 0.0};
    const struct lat_nce_spec nce = {.tau = 0.1, .kappa = 1.0};
    struct lat_contrast *k = contrast_of(&golden_spec);
    float z[ROWS * DIMS] = {0}, dz[ROWS * DIMS];

    UNUSED_STATE;
    z[0] = 1e-12f;
    lat__contrast_forward(k, z);
    CHECK(isfinite(lat__scl(k, &s, 1.0, NULL).total));
    CHECK(isfinite(lat__scl_nce(k, &nce, 1.0, NULL)));
    lat__contrast_backward(k, dz);
    for (size_t i = 0; i < ROWS * DIMS; i++)
        CHECK(isfinite(dz[i]));
    lat__contrast_free(k);
}

/* All in one group: there is no negative, and no division by none. */
TEST(scl, without_negatives_has_no_push)
{
    const struct lat_scl_spec s = {1.0, 0.5, 0.5, 0.0, 0.0};
    const uint32_t group[N] = {0};
    struct lat_contrast *k = contrast_of(&golden_spec);
    float z[ROWS * DIMS];

    UNUSED_STATE;
    for (size_t i = 0; i < ROWS * DIMS; i++)
        z[i] = (float)sin((double)i);
    lat__contrast_forward(k, z);
    CHECK(lat__scl(k, &s, 1.0, group).neg == 0.0);
    lat__contrast_free(k);
}

TEST(contrast, new_survives_any_failed_allocation)
{
    struct lat_contrast *k = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = lat__contrast_new(&k, &golden_spec, &plain, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !k));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n == 3);
    lat__contrast_free(k);
}

struct task {
    float y[6], x[6], dy[6];
    uint32_t label[2];
};

static double mse_loss(void *arg)
{
    struct task *t = arg;

    return 0.5 * lat__mse(t->dy, t->y, t->x, 6, 0.5);
}

static double entropy_loss(void *arg)
{
    struct task *t = arg;

    return lat__cross_entropy(t->dy, t->y, t->label, 2, 3);
}

TEST(mse, matches_a_value_by_hand_and_differences)
{
    struct task t = {.y = {1, 2, 3, 4, 5, 6}, .x = {1, 2, 3, 4, 5, 3}};
    float dy[6];

    UNUSED_STATE;
    CHECK_NEAR(mse_loss(&t), 0.5 * 9.0 / 6.0, 1e-12);
    memcpy(dy, t.dy, sizeof(dy));
    check_grad(mse_loss, &t, t.y, dy, 6, 1e-4);
}

TEST(cross_entropy, matches_a_value_by_hand_and_differences)
{
    struct task t = {.y = {0, 0, 0, 1000, 0, 0}, .label = {2, 0}};
    float dy[6];

    UNUSED_STATE;
    CHECK_NEAR(entropy_loss(&t), log(3.0) / 2.0, 1e-12);
    t.y[3] = 0.5f;
    entropy_loss(&t);
    memcpy(dy, t.dy, sizeof(dy));
    check_grad(entropy_loss, &t, t.y, dy, 6, 1e-4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(scl, has_the_known_values_and_gradients),
        T(scl, backward_matches_differences),
        T(scl_nce, even_rows_cost_log_of_choices),
        T(scl, stays_finite_on_zeros),
        T(scl, without_negatives_has_no_push),
        T(contrast, new_survives_any_failed_allocation),
        T(mse, matches_a_value_by_hand_and_differences),
        T(cross_entropy, matches_a_value_by_hand_and_differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
