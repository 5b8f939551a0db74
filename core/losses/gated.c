/*
 * gated.c - the loss of a batch of gated, non-negative latents:
 *
 *     y  = the k largest of nonneg(z)       unit = y / |y|
 *     a  = unit mask                        u    = a / |a|
 *     loss = nt_xent(u) + lambda KL(prob of the gates, prior)
 *
 * Without gates, with nonneg, it is NCL's; without either, SimCLR's.  A row
 * whose gates are all shut is zero, like nothing, and teaches nothing: through
 * its length there is no gradient.
 */
#include "../losses.h"

enum { N_PARTS = 13 };

/* Cuts l->block into its parts; returns their floats in all.  Without a block
 * it only counts. */
static size_t lay_out(struct lat_gated_loss *l)
{
    size_t rows = l->spec.rows, all = rows * l->spec.dims, sum = 0;
    float **part[N_PARTS] = {&l->y,
                             &l->kept,
                             &l->unit,
                             &l->gates.prob,
                             &l->gates.soft,
                             &l->gates.mask,
                             &l->a,
                             &l->u,
                             &l->du,
                             &l->norm,
                             &l->norm_a,
                             &l->nt_xent.s,
                             &l->nt_xent.turned};
    size_t len[N_PARTS] = {all, all, all,  all,  all,         all, all,
                           all, all, rows, rows, rows * rows, all};

    for (size_t i = 0; i < N_PARTS; i++) {
        *part[i] = l->block ? l->block + sum : NULL;
        sum += (len[i] + 15) / 16 * 16; /* each on a cache line of its own */
    }
    return sum;
}

enum lat_code lat__gated_loss_new(struct lat_gated_loss **out,
                                  const struct lat_gated_spec *spec,
                                  struct lat_err *err)
{
    struct lat_gated_loss *l = lat_calloc(1, sizeof(*l));

    if (!l)
        return lat_fail(err, LAT_ENOMEM, "gated loss");
    l->spec = *spec;
    l->block = lat_calloc(lay_out(l), sizeof(*l->block));
    l->nt_xent.row = lat_calloc(spec->rows, sizeof(*l->nt_xent.row));
    l->priors = lat_calloc(spec->dims, sizeof(*l->priors));
    if (!l->block || !l->nt_xent.row || !l->priors) {
        lat__gated_loss_free(l);
        return lat_fail(err, LAT_ENOMEM, "gated loss of %zu rows", spec->rows);
    }
    lay_out(l);
    l->nt_xent.rows = spec->rows;
    l->nt_xent.dims = spec->dims;
    l->nt_xent.tau = spec->tau;
    *out = l;
    return LAT_OK;
}

void lat__gated_loss_free(struct lat_gated_loss *l)
{
    if (!l)
        return;
    lat_free(l->priors);
    lat_free(l->nt_xent.row);
    lat_free(l->block);
    lat_free(l);
}

static struct lat_tensor view(const struct lat_gated_loss *l, float *v)
{
    return (struct lat_tensor){v, l->spec.rows, 1, 1, l->spec.dims};
}

static bool has_prior(const struct lat_gated_loss *l)
{
    return l->spec.gate.kind != LAT_GATE_OFF &&
           l->spec.gate.kind != LAT_GATE_FIXED;
}

/* The price of the gates; adds lambda times its gradient. */
static double price(const struct lat_gated_loss *l, float *dlogit)
{
    const struct lat_gated_spec *s = &l->spec;
    struct lat_gate_kl k = {s->rows, s->dims, s->prior, s->gate.temperature,
                            NULL};

    if (!has_prior(l))
        return 0.0;
    if (s->by_activity) {
        lat__activity_priors(l->priors, &k, l->y);
        k.priors = l->priors;
    }
    return lat__gate_kl(&k, dlogit, l->gates.prob, s->lambda);
}

/* From z to u, by gates that may differ from the loss's own. */
static void encode(const struct lat_ctx *ctx, struct lat_gated_loss *l,
                   const struct lat__gate *gate,
                   const struct lat_gated_batch *b)
{
    const struct lat_gated_spec *s = &l->spec;
    struct lat_tensor y = view(l, l->y);

    lat__nonneg_forward(ctx, s->nonneg, y, b->z);
    if (s->top_k)
        lat__top_k_forward(ctx, y, l->kept, y, s->top_k);
    lat__normalize_forward(ctx, view(l, l->unit), l->norm, y);
    lat__gate_forward(ctx, gate, &l->gates, view(l, b->logit.v), b->uniform);
    for (size_t i = 0; i < s->rows * s->dims; i++)
        l->a[i] = l->unit[i] * l->gates.mask[i];
    lat__normalize_forward(ctx, view(l, l->u), l->norm_a, view(l, l->a));
}

void lat__gated_codes(const struct lat_ctx *ctx, struct lat_gated_loss *l,
                      const struct lat_gated_batch *b)
{
    struct lat__gate gate = l->spec.gate;

    if (lat__gate_draws(gate.kind))
        gate.kind = LAT_GATE_STE;
    encode(ctx, l, &gate, b);
}

struct lat_gated_value lat__gated_loss_forward(const struct lat_ctx *ctx,
                                               struct lat_gated_loss *l,
                                               const struct lat_gated_batch *b)
{
    const struct lat_gated_spec *s = &l->spec;
    struct lat_gated_value v = {0};

    encode(ctx, l, &s->gate, b);
    v.nce = lat__nt_xent(ctx, &l->nt_xent, l->du, l->u, b->id);
    v.kl = price(l, NULL);
    v.total = v.nce + s->lambda * v.kl;
    for (size_t i = 0; i < s->rows; i++)
        v.n_shut += l->norm_a[i] == 0.0f;
    return v;
}

void lat__gated_loss_backward(const struct lat_ctx *ctx,
                              struct lat_gated_loss *l,
                              const struct lat_gated_batch *d,
                              const struct lat_gated_batch *b)
{
    const struct lat_gated_spec *s = &l->spec;
    struct lat_tensor du = view(l, l->du);
    float *dunit = l->a, *dmask = l->u;

    /* u was a / |a|: da in the place of du */
    lat__normalize_backward(ctx, du, du, view(l, l->u), l->norm_a);
    /* a was unit mask: dunit = da mask, dmask = da unit */
    for (size_t i = 0; i < s->rows * s->dims; i++) {
        dunit[i] = l->du[i] * l->gates.mask[i];
        dmask[i] = l->du[i] * l->unit[i];
    }
    if (d->logit.v) {
        lat__gate_backward(ctx, &s->gate, d->logit, dmask, &l->gates);
        price(l, d->logit.v);
    }
    /* unit was y / |y|, y the largest of nonneg(z) */
    lat__normalize_backward(ctx, d->z, view(l, dunit), view(l, l->unit),
                            l->norm);
    if (s->top_k)
        lat__top_k_backward(d->z, d->z, l->kept);
    lat__nonneg_backward(ctx, s->nonneg, d->z, d->z, b->z);
}
