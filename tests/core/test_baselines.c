/* test_baselines.c - labels, and the losses beside scl: SupCon, the graded
 * code, whole-latent consistency. */
#include "../../core/losses.h"
#include "../check.h"

#include <string.h>

enum { N = 4, VIEWS = 2, DIMS = 6, ROWS = N * VIEWS };

static const struct lat_contrast_spec plain_spec = {
    .n = N, .n_views = VIEWS, .dims = DIMS, .inv = {0, 3}, .var = {3, 5}};

static struct lat_contrast *contrast_of(const struct lat_contrast_spec *spec)
{
    const struct lat_kernel *kernel = NULL;
    struct lat_contrast *c = NULL;

    CHECK(lat_kernel_pick(&kernel, "blas", NULL) == LAT_OK);
    CHECK(lat__contrast_new(&c, spec, kernel, NULL) == LAT_OK);
    return c;
}

struct task {
    float y[6], dy[6];
    uint32_t label[2];
};

static double labelled_loss(void *arg)
{
    struct task *t = arg;

    return 0.5 * lat__cross_entropy_known(t->dy, t->y, t->label, 2, 3, 0.5);
}

/* The mean is over the rows that have a label. */
TEST(cross_entropy, leaves_out_rows_without_a_label)
{
    struct task t = {.y = {9, 8, 7, 0, 0, 0}, .label = {LAT_NO_LABEL, 1}};
    float dy[6];

    UNUSED_STATE;
    CHECK_NEAR(labelled_loss(&t), 0.5 * log(3.0), 1e-12);
    memcpy(dy, t.dy, sizeof(dy));
    CHECK(dy[0] == 0.0f && dy[1] == 0.0f && dy[2] == 0.0f);
    check_grad(labelled_loss, &t, t.y, dy, 6, 1e-4);
    CHECK(lat__cross_entropy_known(NULL, t.y, t.label, 2, 3, 1.0) > 1.0);
    t.label[1] = LAT_NO_LABEL;
    CHECK(labelled_loss(&t) == 0.0 && t.dy[4] == 0.0f);
}

/* All rows alike and all in one class: each positive is one of rows - 1. */
TEST(supcon, pulls_every_row_of_a_class)
{
    const struct lat_nce_spec s = {.tau = 0.5, .same = LAT_SAME_PULL};
    const uint32_t two[N] = {5, 5, 8, 8};
    struct lat_contrast *k = contrast_of(&plain_spec);
    float z[ROWS * DIMS] = {0};

    UNUSED_STATE;
    /* two classes at right angles: 3 positives with cosine 1, 4 rows with 0 */
    for (size_t i = 0; i < ROWS; i++)
        z[i * DIMS + plain_spec.inv.begin + (i % N) / 2] = 2.0f;
    lat__contrast_forward(k, z);
    CHECK_NEAR(lat__scl_nce(k, &s, 1.0, two), log(3.0 * exp(2.0) + 4.0) - 2.0,
               1e-5);
    lat__contrast_free(k);
}

struct graded {
    struct lat_contrast *k;
    float z[3 * N * DIMS], want[3 * N];
};

static double graded_loss(void *arg)
{
    struct graded *g = arg;

    lat__contrast_forward(g->k, g->z);
    return 0.7 * lat__scl_graded(g->k, g->want, 0.7);
}

TEST(scl_graded, matches_a_value_by_hand_and_differences)
{
    struct lat_contrast_spec spec = plain_spec;
    struct graded g = {0};
    float dz[3 * N * DIMS];

    UNUSED_STATE;
    spec.n_views = 3;
    spec.inv = (struct lat_range){0, 3};
    spec.var = (struct lat_range){3, 5};
    g.k = contrast_of(&spec);
    for (size_t i = 0; i < 3 * N; i++) { /* views at 0, 90 and 180 degrees */
        g.z[i * DIMS + 3] = i < N ? 2.0f : i < 2 * N ? 0.0f : -3.0f;
        g.z[i * DIMS + 4] = i < N || i >= 2 * N ? 0.0f : 1.0f;
        g.want[i] = 0.5f;
    }
    /* cosines 0, -1 and 0 of pairs (0,1) (0,2) (1,2) */
    CHECK_NEAR(graded_loss(&g), 0.7 * (0.25 + 2.25 + 0.25) / 3.0, 1e-6);
    for (size_t i = 0; i < 3 * N * DIMS; i++)
        g.z[i] = (float)(3.0 * sin(1.7 * (double)(i * i)));
    for (size_t i = 0; i < 3 * N; i++)
        g.want[i] = (float)cos(0.9 * (double)i);
    graded_loss(&g);
    lat__contrast_backward(g.k, dz);
    for (size_t i = 0; i < 3 * N; i++)
        CHECK(dz[i * DIMS] == 0.0f && dz[i * DIMS + 5] == 0.0f);
    check_grad(graded_loss, &g, g.z, dz, 3 * N * DIMS, 2e-4);
    lat__contrast_free(g.k);
}

/* Whole-latent consistency is L_inv with every dimension invariant. */
static double consistency_loss(void *arg)
{
    const struct lat_scl_spec s = {.w_inv = 1.0};
    struct graded *g = arg;

    lat__contrast_forward(g->k, g->z);
    return lat__scl(g->k, &s, 1.0, NULL).total;
}

TEST(consistency, of_the_whole_latent_matches_differences)
{
    struct lat_contrast_spec spec = plain_spec;
    struct graded g = {0};
    float dz[3 * N * DIMS];

    UNUSED_STATE;
    spec.n_views = 3;
    spec.inv = (struct lat_range){0, DIMS};
    spec.var = (struct lat_range){DIMS, DIMS};
    g.k = contrast_of(&spec);
    for (size_t i = 0; i < 3 * N * DIMS; i++)
        g.z[i] = (float)sin(1.3 * (double)(i * i + 1));
    consistency_loss(&g);
    lat__contrast_backward(g.k, dz);
    check_grad(consistency_loss, &g, g.z, dz, 3 * N * DIMS, 2e-4);
    for (size_t i = 0; i < 3 * N * DIMS; i++)
        g.z[i] = (float)(1.0 + (double)((i / DIMS) % N) + (double)(i % DIMS));
    CHECK_NEAR(consistency_loss(&g), 0.0, 1e-6);
    lat__contrast_free(g.k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(cross_entropy, leaves_out_rows_without_a_label),
        T(supcon, pulls_every_row_of_a_class),
        T(scl_graded, matches_a_value_by_hand_and_differences),
        T(consistency, of_the_whole_latent_matches_differences),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
