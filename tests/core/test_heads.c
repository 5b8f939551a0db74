/* test_heads.c - projector, gates and online classifier from h, end to end:
 * every weight's gradient as known.  The heads that learn from a gradient but
 * hand none on read h with the gradient stopped. */
#include "../../core/losses.h"
#include "golden.h"
#include "ops.h"

enum { N = 4, IN = 3, MID = 5, OUT = 4, CLASSES = 3, ROOM = 64 };

/* linear, relu, linear */
struct head {
    float w1[IN * MID], b1[MID], w2[MID * OUT], b2[OUT];
    float dw1[IN * MID], db1[MID], dw2[MID * OUT], db2[OUT];
    float mid[N * MID], y[N * OUT], dmid[N * MID], dy[N * OUT], dx[N * IN];
};

static struct lat_tensor rows(float *v, size_t c)
{
    return (struct lat_tensor){v, N, 1, 1, c};
}

static const json_t *part(const json_t *o, const char *name)
{
    return golden_at(o, name);
}

/* Theirs are (out, in), ours (in, out). */
static void turn(float *w, const float *theirs, size_t in, size_t out)
{
    for (size_t i = 0; i < in; i++)
        for (size_t o = 0; o < out; o++)
            w[i * out + o] = theirs[o * in + i];
}

static void read_weights(float *w, size_t in, size_t out, const json_t *o,
                         const char *name)
{
    float theirs[ROOM];

    golden_floats(theirs, in * out, o, name);
    turn(w, theirs, in, out);
}

static void check_weights(const float *dw, size_t in, size_t out,
                          const json_t *o, const char *name)
{
    float theirs[ROOM];

    turn(theirs, dw, out, in);
    golden_check(theirs, in * out, o, name, 1e-6);
}

static void read_head(struct head *h, const json_t *o)
{
    memset(h, 0, sizeof(*h));
    read_weights(h->w1, IN, MID, o, "W1");
    golden_floats(h->b1, MID, o, "b1");
    read_weights(h->w2, MID, OUT, o, "W2");
    golden_floats(h->b2, OUT, o, "b2");
}

static void head_forward(const struct lat_ctx *ctx, struct head *h, float *x)
{
    struct lat_tensor mid = rows(h->mid, MID);

    lat__linear_forward(ctx, mid, rows(x, IN), h->w1, h->b1);
    lat__relu_forward(ctx, mid, mid);
    lat__linear_forward(ctx, rows(h->y, OUT), mid, h->w2, h->b2);
}

static void head_backward(const struct lat_ctx *ctx, struct head *h, float *x)
{
    struct lat_tensor mid = rows(h->mid, MID), dmid = rows(h->dmid, MID);

    lat__linear_backward(ctx, dmid, h->dw2, h->db2, rows(h->dy, OUT), mid,
                         h->w2);
    lat__relu_backward(ctx, dmid, dmid, mid);
    lat__linear_backward(ctx, rows(h->dx, IN), h->dw1, h->db1, dmid,
                         rows(x, IN), h->w1);
}

static void check_head(const struct head *h, const json_t *o)
{
    check_weights(h->dw1, IN, MID, o, "W1");
    golden_check(h->db1, MID, o, "b1", 1e-6);
    check_weights(h->dw2, MID, OUT, o, "W2");
    golden_check(h->db2, OUT, o, "b2", 1e-6);
}

static struct lat_gated_loss *loss_of(const json_t *hyper)
{
    const struct lat_gated_spec spec = {
        .rows = N,
        .dims = OUT,
        .nonneg = LAT_NONNEG_RELU,
        .gate = {.kind = LAT_GATE_STE,
                 .temperature = golden_number(hyper, "gate_temperature")},
        .prior = golden_number(hyper, "prior"),
        .lambda = golden_number(hyper, "kl_lambda"),
        .tau = golden_number(hyper, "tau"),
    };
    struct lat_gated_loss *l = NULL;

    CHECK(lat__gated_loss_new(&l, &spec, NULL) == LAT_OK);
    return l;
}

TEST(heads, have_the_known_gradients_from_end_to_end)
{
    json_t *root = golden_load();
    const json_t *d = part(root, "D_heads_end_to_end");
    const json_t *in = part(d, "inputs"), *want = part(d, "expected");
    struct lat_gated_loss *l = loss_of(part(d, "hyper"));
    struct lat_ctx ctx = ctx_new(2, ROOM);
    struct lat_gated_value v;
    struct head z, g;
    float h[N * IN];
    uint32_t id[N];
    struct lat_gated_batch b = {rows(z.y, OUT), rows(g.y, OUT), NULL, id};
    struct lat_gated_batch db = {rows(z.dy, OUT), rows(g.dy, OUT), NULL, NULL};

    UNUSED_STATE;
    read_head(&z, part(in, "projector"));
    read_head(&g, part(in, "gating_head"));
    golden_floats(h, N * IN, in, "h");
    golden_ids(id, N, in, "ids");
    head_forward(&ctx, &z, h);
    head_forward(&ctx, &g, h);
    golden_check(z.mid, N * MID, want, "projector_hidden", 1e-6);
    golden_check(z.y, N * OUT, want, "z_raw", 1e-6);
    golden_check(g.mid, N * MID, want, "gate_hidden", 1e-6);
    golden_check(g.y, N * OUT, want, "gate_logits", 1e-6);
    v = lat__gated_loss_forward(&ctx, l, &b);
    CHECK_NEAR(v.total, golden_number(want, "loss/total"), 1e-6);
    lat__gated_loss_backward(&ctx, l, &db, &b);
    head_backward(&ctx, &z, h);
    head_backward(&ctx, &g, h);
    check_head(&z, part(want, "grad_projector"));
    check_head(&g, part(want, "grad_gating_head"));
    golden_check(z.dx, N * IN, want, "grad_h", 1e-6);
    golden_check(g.dx, N * IN, want, "grad_h_through_gate_if_not_stopped",
                 1e-6);
    lat__gated_loss_free(l);
    ctx_free(&ctx);
    json_decref(root);
}

TEST(heads, online_classifier_has_the_known_loss_and_gradients)
{
    json_t *root = golden_load();
    const json_t *d = part(root, "D_heads_end_to_end");
    const json_t *in = part(d, "inputs"), *want = part(d, "expected");
    const json_t *grads = part(want, "grad_online_classifier");
    struct lat_ctx ctx = ctx_new(2, ROOM);
    float h[N * IN], w[IN * CLASSES], b[CLASSES], y[N * CLASSES];
    float dw[IN * CLASSES] = {0}, db[CLASSES] = {0}, dy[N * CLASSES];
    uint32_t label[N];
    double loss;

    UNUSED_STATE;
    golden_floats(h, N * IN, in, "h");
    golden_ids(label, N, in, "labels_per_row");
    read_weights(w, IN, CLASSES, in, "online_classifier/W");
    golden_floats(b, CLASSES, in, "online_classifier/b");
    lat__linear_forward(&ctx, rows(y, CLASSES), rows(h, IN), w, b);
    golden_check(y, N * CLASSES, want, "class_logits", 1e-6);
    loss = lat__cross_entropy(dy, y, label, N, CLASSES);
    CHECK_NEAR(loss, golden_number(want, "class_loss"), 1e-6);
    CHECK_NEAR(loss + golden_number(want, "loss/total"),
               golden_number(want, "total_with_class_loss"), 1e-6);
    lat__linear_backward(&ctx, (struct lat_tensor){0}, dw, db,
                         rows(dy, CLASSES), rows(h, IN), w);
    check_weights(dw, IN, CLASSES, grads, "W");
    golden_check(db, CLASSES, grads, "b", 1e-6);
    ctx_free(&ctx);
    json_decref(root);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(heads, have_the_known_gradients_from_end_to_end),
        T(heads, online_classifier_has_the_known_loss_and_gradients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
