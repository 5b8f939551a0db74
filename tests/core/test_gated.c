/* test_gated.c - BayesNCL's losses and gradients, as known to ten digits, and
 * what the known values leave out. */
#include "../../core/base/mem.h"
#include "../../core/losses.h"
#include "golden.h"
#include "ops.h"

enum { N = 4, D = 4, ALL = N * D };

struct gated_run {
    struct lat_ctx ctx;
    struct lat_gated_loss *l;
    float z[ALL], logit[ALL], uniform[ALL], dz[ALL], dlogit[ALL];
    uint32_t id[N];
    struct lat_gated_batch b, d;
};

static struct lat_tensor batch(float *v)
{
    return (struct lat_tensor){v, N, 1, 1, D};
}

static void run_init(struct gated_run *r, const struct lat_gated_spec *spec)
{
    r->ctx = ctx_new(2, 0);
    CHECK(lat__gated_loss_new(&r->l, spec, NULL) == LAT_OK);
    r->b = (struct lat_gated_batch){batch(r->z), batch(r->logit), r->uniform,
                                    r->id};
    r->d = (struct lat_gated_batch){batch(r->dz), batch(r->dlogit), NULL, NULL};
}

static void run_fini(struct gated_run *r)
{
    lat__gated_loss_free(r->l);
    ctx_free(&r->ctx);
}

/* Which of the names it is. */
static unsigned choice(const json_t *o, const char *key,
                       const char *(*name)(unsigned))
{
    const char *want = json_string_value(golden_at(o, key));

    if (strcmp(want, "gumbel_ste") == 0)
        return LAT_GATE_GUMBEL1;
    for (unsigned i = 0; name(i); i++)
        if (strcmp(name(i), want) == 0)
            return i;
    print_error("no %s called %s\n", key, want);
    fail();
    return 0;
}

static struct lat_gated_spec spec_of(const json_t *hyper)
{
    return (struct lat_gated_spec){
        .rows = N,
        .dims = D,
        .nonneg = choice(hyper, "non_neg", lat_nonneg_name),
        .top_k = (size_t)json_integer_value(json_object_get(hyper, "topk")),
        .gate = {choice(hyper, "gate", lat__gate_name),
                 golden_number(hyper, "gate_temperature"), NULL},
        .prior = golden_number(hyper, "prior"),
        .lambda = golden_number(hyper, "kl_lambda"),
        .tau = golden_number(hyper, "tau"),
    };
}

static void check_similarity(const struct gated_run *r, const json_t *want)
{
    float s[N * N];

    for (size_t i = 0; i < N; i++)
        for (size_t j = 0; j < N; j++)
            s[i * N + j] = (float)times(r->l->u + i * D, r->l->u + j * D, D);
    golden_check(s, N * N, want, "similarity", 1e-6);
}

/* What forward leaves. */
static void check_forward(const struct gated_run *r, const json_t *want,
                          const struct lat_gated_value *v)
{
    const struct lat_gated_spec *s = &r->l->spec;
    float rows[N];

    for (size_t i = 0; i < N; i++)
        rows[i] = (float)r->l->nt_xent.row[i];
    golden_check(rows, N, want, "nce_rows", 1e-6);
    golden_check(r->l->y, ALL, want, "z_nonneg", 1e-6);
    golden_check(r->l->unit, ALL, want, "z_norm", 1e-6);
    golden_check(r->l->norm, N, want, "z_row_norm", 1e-6);
    golden_check(r->l->u, ALL, want, "u", 1e-6);
    check_similarity(r, want);
    CHECK_NEAR(v->nce, golden_number(want, "nce"), 1e-6);
    CHECK_NEAR(v->total, golden_number(want, "total"), 1e-6);
    if (s->top_k)
        golden_check(r->l->kept, ALL, want, "topk_mask", 0.0);
    if (s->gate.kind == LAT_GATE_OFF)
        return;
    golden_check(r->l->gates.prob, ALL, want, "gate_prob", 1e-6);
    golden_check(r->l->gates.mask, ALL, want, "gate_mask", 1e-6);
    if (s->gate.kind == LAT_GATE_GUMBEL1)
        golden_check(r->l->gates.soft, ALL, want, "gumbel_soft", 1e-6);
    golden_check(r->l->a, ALL, want, "gated", 1e-6);
    golden_check(r->l->norm_a, N, want, "gated_row_norm", 1e-6);
    CHECK_NEAR(v->kl, golden_number(want, "kl"), 1e-6);
}

/* The loss of the rows' prices alone, and its gradient. */
static void check_kl(const struct gated_run *r, const json_t *want)
{
    const struct lat_gated_spec *s = &r->l->spec;
    const struct lat_gate_kl all = {N, D, s->prior, s->gate.temperature, NULL};
    const struct lat_gate_kl one = {1, D, s->prior, s->gate.temperature, NULL};
    float dlogit[ALL] = {0}, rows[N];

    lat__gate_kl(&all, dlogit, r->l->gates.prob, 1.0);
    golden_check(dlogit, ALL, want, "d_kl_d_logits", 1e-6);
    for (size_t i = 0; i < N; i++)
        rows[i] =
            (float)lat__gate_kl(&one, NULL, r->l->gates.prob + i * D, 1.0);
    golden_check(rows, N, want, "kl_rows", 1e-6);
}

static void check_backward(struct gated_run *r, const json_t *want)
{
    lat__gated_loss_backward(&r->ctx, r->l, &r->d, &r->b);
    golden_check(r->dz, ALL, want, "d_nce_d_zraw", 1e-6);
    if (r->l->spec.gate.kind == LAT_GATE_OFF)
        return;
    golden_check(r->l->u, ALL, want, "d_nce_d_mask", 1e-6); /* used up */
    golden_check(r->dlogit, ALL, want, "d_total_d_logits", 1e-6);
    r->l->spec.lambda = 0.0;
    lat__gated_loss_forward(&r->ctx, r->l, &r->b);
    lat__gated_loss_backward(&r->ctx, r->l, &r->d, &r->b);
    golden_check(r->dlogit, ALL, want, "d_nce_d_logits", 1e-6);
    r->l->spec.nonneg = LAT_NONNEG_NONE;
    memcpy(r->z, r->l->y, sizeof(r->z));
    lat__gated_loss_forward(&r->ctx, r->l, &r->b);
    lat__gated_loss_backward(&r->ctx, r->l, &r->d, &r->b);
    golden_check(r->dz, ALL, want, "d_nce_d_znonneg", 1e-6);
}

static struct lat_gated_value check_case(const json_t *inputs,
                                         const json_t *hyper,
                                         const json_t *want)
{
    struct lat_gated_spec spec = spec_of(hyper);
    struct lat_gated_value v;
    struct gated_run r = {0};

    run_init(&r, &spec);
    golden_floats(r.z, ALL, inputs, "z_raw");
    golden_floats(r.logit, ALL, inputs, "gate_logits");
    golden_ids(r.id, N, inputs, "ids");
    if (spec.gate.kind == LAT_GATE_GUMBEL1)
        golden_floats(r.uniform, ALL, hyper, "uniforms");
    v = lat__gated_loss_forward(&r.ctx, r.l, &r.b);
    check_forward(&r, want, &v);
    if (spec.gate.kind != LAT_GATE_OFF)
        check_kl(&r, want);
    check_backward(&r, want);
    run_fini(&r);
    return v;
}

TEST(gated, has_the_known_values_and_gradients)
{
    json_t *root = golden_load(), *variant;
    const json_t *a = golden_at(root, "A_losses");
    const char *name;
    size_t n = 0;

    UNUSED_STATE;
    json_object_foreach(json_object_get(a, "variants"), name, variant)
    {
        CHECK(check_case(golden_at(a, "inputs"), golden_at(variant, "hyper"),
                         golden_at(variant, "expected"))
                  .n_shut == 0);
        n++;
    }
    CHECK(n == 9);
    json_decref(root);
}

TEST(gated, row_with_all_gates_shut_teaches_nothing)
{
    json_t *root = golden_load();
    const json_t *c = golden_at(root, "C_all_gates_shut");

    UNUSED_STATE;
    CHECK(check_case(golden_at(c, "inputs"), golden_at(c, "hyper"),
                     golden_at(c, "expected"))
              .n_shut == 1);
    json_decref(root);
}

TEST(gate_kl, has_the_known_values)
{
    json_t *root = golden_load(), *row;
    size_t i, n = 0;

    UNUSED_STATE;
    json_array_foreach(json_object_get(root, "B_kl_table"), i, row)
    {
        double dp, kl = lat__bernoulli_kl(golden_number(row, "p"),
                                          golden_number(row, "prior"), &dp);

        CHECK_NEAR(kl, golden_number(row, "kl"), 1e-12);
        CHECK_NEAR(dp, golden_number(row, "dkl_dp"), 1e-12);
        n++;
    }
    CHECK(n == 54);
    json_decref(root);
}

static float one_value(const struct lat_ctx *ctx, enum lat_nonneg kind, float x,
                       float *slope)
{
    float y, dy = 1.0f;
    struct lat_tensor tx = {&x, 1, 1, 1, 1};

    lat__nonneg_forward(ctx, kind, (struct lat_tensor){&y, 1, 1, 1, 1}, tx);
    lat__nonneg_backward(ctx, kind, (struct lat_tensor){slope, 1, 1, 1, 1},
                         (struct lat_tensor){&dy, 1, 1, 1, 1}, tx);
    return y;
}

TEST(nonneg, has_the_known_values)
{
    json_t *root = golden_load(), *row;
    struct lat_ctx ctx = {0};
    size_t i, n = 0;

    UNUSED_STATE;
    json_array_foreach(json_object_get(root, "I_scalar_functions"), i, row)
    {
        float x = (float)golden_number(row, "x"), slope, y;

        y = one_value(&ctx, LAT_NONNEG_GELU, x, &slope);
        CHECK_NEAR(y, golden_number(row, "gelu"), 1e-7);
        CHECK_NEAR(slope, golden_number(row, "gelu_derivative"), 1e-7);
        y = one_value(&ctx, LAT_NONNEG_REP_RELU, x, &slope);
        CHECK(y == fmaxf(x, 0.0f));
        CHECK_NEAR(slope, golden_number(row, "gelu_derivative"), 1e-7);
        y = one_value(&ctx, LAT_NONNEG_SIGMOID, x, &slope);
        CHECK_NEAR(y, golden_number(row, "sigmoid"), 1e-7);
        n++;
    }
    CHECK(n == 9);
    json_decref(root);
}

TEST(nonneg, finds_values_worked_by_hand)
{
    struct lat_ctx ctx = {0};
    float slope;

    UNUSED_STATE;
    CHECK_NEAR(one_value(&ctx, LAT_NONNEG_SOFTPLUS, 0.0f, &slope), log(2.0),
               1e-7);
    CHECK(slope == 0.5f);
    CHECK(one_value(&ctx, LAT_NONNEG_SOFTPLUS, 200.0f, &slope) == 200.0f);
    CHECK_NEAR(one_value(&ctx, LAT_NONNEG_EXP, 1.0f, &slope), exp(1.0), 1e-7);
    CHECK_NEAR(slope, exp(1.0), 1e-7);
    CHECK(one_value(&ctx, LAT_NONNEG_LEAKY_RELU, -2.0f, &slope) == -0.02f);
    CHECK(slope == 0.01f);
    CHECK(one_value(&ctx, LAT_NONNEG_RELU, -2.0f, &slope) == 0.0f);
    CHECK(slope == 0.0f);
    CHECK(one_value(&ctx, LAT_NONNEG_NONE, -2.0f, &slope) == -2.0f);
    CHECK(slope == 1.0f && !lat_nonneg_name(LAT_N_NONNEGS));
}

struct slopes {
    struct lat_ctx ctx;
    enum lat_nonneg kind;
    float x[9], y[9];
};

static double sum_of_values(void *arg)
{
    struct slopes *s = arg;
    double sum = 0.0;

    lat__nonneg_forward(&s->ctx, s->kind, (struct lat_tensor){s->y, 9, 1, 1, 1},
                        (struct lat_tensor){s->x, 9, 1, 1, 1});
    for (size_t i = 0; i < 9; i++)
        sum += (double)s->y[i];
    return sum;
}

TEST(nonneg, backward_matches_differences)
{
    const float dy[9] = {1, 1, 1, 1, 1, 1, 1, 1, 1};
    struct slopes s = {.ctx = ctx_new(2, 0)};
    float ones[9], dx[9];

    UNUSED_STATE;
    memcpy(ones, dy, sizeof(dy));
    for (unsigned kind = 0; kind < LAT_N_NONNEGS; kind++) {
        if (kind == LAT_NONNEG_REP_RELU)
            continue; /* its slope is another's */
        s.kind = kind;
        for (size_t i = 0; i < 9; i++)
            s.x[i] = 0.6f * (float)i - 2.45f;
        lat__nonneg_backward(&s.ctx, kind, (struct lat_tensor){dx, 9, 1, 1, 1},
                             (struct lat_tensor){ones, 9, 1, 1, 1},
                             (struct lat_tensor){s.x, 9, 1, 1, 1});
        check_grad(sum_of_values, &s, s.x, dx, 9, 1e-3);
    }
    ctx_free(&s.ctx);
}

static double gated_value(void *arg)
{
    struct gated_run *r = arg;

    return lat__gated_loss_forward(&r->ctx, r->l, &r->b).total;
}

/* Where mask is smooth in the logits, differences find its slope; elsewhere
 * they find that of z. */
static void check_slopes(const struct lat_gated_spec *spec)
{
    struct gated_run r = {.id = {5, 9, 9, 5}};

    run_init(&r, spec);
    noise(r.z, ALL, 3);
    noise(r.logit, ALL, 4);
    for (size_t i = 0; i < ALL; i++)
        r.uniform[i] = (float)(i + 1) / (float)(ALL + 2);
    gated_value(&r);
    lat__gated_loss_backward(&r.ctx, r.l, &r.d, &r.b);
    check_grad(gated_value, &r, r.z, r.dz, ALL, 2e-3);
    if (spec->gate.kind == LAT_GATE_SOFT)
        check_grad(gated_value, &r, r.logit, r.dlogit, ALL, 2e-3);
    if (spec->gate.kind == LAT_GATE_FIXED)
        for (size_t i = 0; i < ALL; i++)
            CHECK(r.dlogit[i] == 0.0f);
    run_fini(&r);
}

TEST(gated, backward_matches_differences)
{
    const float fixed[D] = {1, 0, 1, 1};
    struct lat_gated_spec s = {.rows = N,
                               .dims = D,
                               .nonneg = LAT_NONNEG_SOFTPLUS,
                               .gate = {.temperature = 0.7, .fixed = fixed},
                               .prior = 0.3,
                               .lambda = 0.05,
                               .tau = 0.5};

    UNUSED_STATE;
    for (unsigned kind = 0; kind < LAT_N_GATES; kind++) {
        s.gate.kind = kind;
        check_slopes(&s);
    }
    s.gate.kind = LAT_GATE_SOFT;
    s.nonneg = LAT_NONNEG_RELU;
    s.by_activity = true;
    check_slopes(&s);
}

/* Activities 4, 2, 1 and 0 of 4: their mean is that of three. */
TEST(gate_kl, priors_by_activity_have_the_known_values)
{
    const float y[ALL] = {1, 2, 3, 0, 1, 0, 0, 0, .1F, .5F, 0, 0, 7, 0, 0, 0};
    const double want[D] = {0.3 * 7 / 12, 0.3 * 7 / 6, 0.3 * 7 / 3, 1};
    const struct lat_gate_kl k = {N, D, 0.3, 1.0, NULL};
    double priors[D];

    UNUSED_STATE;
    lat__activity_priors(priors, &k, y);
    for (size_t i = 0; i < D; i++)
        CHECK_NEAR(priors[i], want[i], 1e-15);
}

/* Each dimension is held to its own. */
TEST(gate_kl, priors_of_dimensions_are_paid_by_dimension)
{
    const float prob[D] = {0.1F, 0.4F, 0.6F, 0.9F};
    const double priors[D] = {0.2, 0.9, 0.5, 1.0};
    const struct lat_gate_kl all = {1, D, 0.3, 0.7, priors};
    double want = 0.0;

    UNUSED_STATE;
    for (size_t i = 0; i < D; i++) {
        const struct lat_gate_kl one = {1, 1, priors[i], 0.7, NULL};
        float d[D] = {0}, alone = 0.0F;

        want += lat__gate_kl(&one, &alone, prob + i, 2.0);
        lat__gate_kl(&all, d, prob, 2.0);
        CHECK(d[i] == alone);
    }
    CHECK_NEAR(lat__gate_kl(&all, NULL, prob, 2.0), want, 1e-12);
}

TEST(top_k, keeps_the_first_of_equals)
{
    float x[] = {1, 3, 3, -2, 3, 0, -1, -1, -5, -1}, y[10], kept[10];
    const float want[] = {0, 3, 3, 0, 0, 0, -1, 0, 0, 0};
    struct lat_ctx ctx = {0};

    UNUSED_STATE;
    lat__top_k_forward(&ctx, (struct lat_tensor){y, 2, 1, 1, 5}, kept,
                       (struct lat_tensor){x, 2, 1, 1, 5}, 2);
    assert_memory_equal(y, want, sizeof(y));
    CHECK(kept[5] == 1.0f && kept[6] == 1.0f && kept[7] == 0.0f);
    lat__top_k_forward(&ctx, (struct lat_tensor){y, 2, 1, 1, 5}, kept,
                       (struct lat_tensor){x, 2, 1, 1, 5}, 5);
    assert_memory_equal(y, x, sizeof(y));
}

/* Opened gates among n with the same logit. */
static double opened(enum lat__gate_kind kind, float logit)
{
    enum { MANY = 20000 };
    static float logits[MANY], uniform[MANY], prob[MANY], soft[MANY],
        mask[MANY];
    const struct lat__gate g = {kind, 1.0, NULL};
    const struct lat__gated y = {prob, soft, mask};
    struct lat_ctx ctx = {0};
    struct lat_rng rng;
    double sum = 0.0;

    lat__rng_seed(&rng, 11);
    for (size_t i = 0; i < MANY; i++) {
        logits[i] = logit;
        uniform[i] = (float)lat__rng_uniform(&rng);
    }
    lat__gate_forward(&ctx, &g, &y, (struct lat_tensor){logits, MANY, 1, 1, 1},
                      uniform);
    for (size_t i = 0; i < MANY; i++)
        sum += (double)mask[i];
    return sum / MANY;
}

TEST(gate, draws_open_as_often_as_they_should)
{
    UNUSED_STATE;
    CHECK_NEAR(opened(LAT_GATE_GUMBEL1, 0.0f), 1.0 - exp(-1.0), 0.01);
    CHECK_NEAR(opened(LAT_GATE_CONCRETE, 0.0f), 0.5, 0.01);
    CHECK_NEAR(opened(LAT_GATE_CONCRETE, 1.2f), 1.0 / (1.0 + exp(-1.2)), 0.01);
    CHECK(opened(LAT_GATE_STE, 0.0f) == 0.0);
    CHECK(opened(LAT_GATE_STE, 1e-30f) == 1.0);
}

TEST(gate, fixed_mask_has_half_of_all_open)
{
    float mask[101], again[101];
    struct lat_rng rng;
    double sum = 0.0;

    UNUSED_STATE;
    lat__rng_seed(&rng, 5);
    lat__gate_fix(mask, 101, &rng);
    lat__gate_fix(again, 101, &rng);
    for (size_t i = 0; i < 101; i++)
        sum += (double)mask[i];
    CHECK(sum == 51.0);
    CHECK(memcmp(mask, again, sizeof(mask)) != 0);
}

/* With equal rows no view stands out: the loss is log(rows - 1). */
TEST(nt_xent, even_rows_cost_log_of_choices)
{
    enum { ROWS = 38, DIMS = 5 };
    static float u[ROWS * DIMS], du[ROWS * DIMS], s[ROWS * ROWS],
        turned[ROWS * DIMS];
    double row[ROWS];
    uint32_t id[ROWS];
    struct lat_ctx ctx = ctx_new(3, 0);
    const struct lat_nt_xent k = {ROWS, DIMS, 0.2, s, turned, row};

    UNUSED_STATE;
    for (size_t i = 0; i < ROWS; i++) {
        u[i * DIMS] = 1.0f;
        id[i] = (uint32_t)i / 2;
    }
    CHECK_NEAR(lat__nt_xent(&ctx, &k, du, u, id), log(ROWS - 1.0), 1e-5);
    id[0] = 77; /* now it and its like stand alone */
    id[1] = 78;
    lat__nt_xent(&ctx, &k, NULL, u, id);
    CHECK(row[0] == 0.0 && row[1] == 0.0 && row[2] > 1.0);
    ctx_free(&ctx);
}

TEST(gated, new_survives_any_failed_allocation)
{
    const struct lat_gated_spec spec = {.rows = N, .dims = D, .tau = 0.2};
    struct lat_gated_loss *l = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = lat__gated_loss_new(&l, &spec, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !l));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n == 5);
    lat__gated_loss_free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(gated, has_the_known_values_and_gradients),
        T(gated, row_with_all_gates_shut_teaches_nothing),
        T(gate_kl, has_the_known_values),
        T(gate_kl, priors_by_activity_have_the_known_values),
        T(gate_kl, priors_of_dimensions_are_paid_by_dimension),
        T(nonneg, has_the_known_values),
        T(nonneg, finds_values_worked_by_hand),
        T(nonneg, backward_matches_differences),
        T(gated, backward_matches_differences),
        T(top_k, keeps_the_first_of_equals),
        T(gate, draws_open_as_often_as_they_should),
        T(gate, fixed_mask_has_half_of_all_open),
        T(nt_xent, even_rows_cost_log_of_choices),
        T(gated, new_survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
