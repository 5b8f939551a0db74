/*
 * shift_probe.c - whether the shift between two views can be read out of the
 * pair of their latents: each window and itself D later, D of -150, -140 …
 * 150 ms drawn for each; probes fitted on training patients.
 */
#include "../measure.h"

#include <math.h>
#include <string.h>

enum { STEPS = 31 };

static const double far_ms = 150.0;
static const uint64_t shift_seed = 0x7368696674u;

struct pairs {
    struct lat__windows *w;
    float *z, *later;  /* (n, dims) */
    float *y;          /* (n): the shift, of the farthest */
    float *x;          /* (n, 3 dims): features of a probe */
    unsigned *shifted; /* (n): which of the shifts */
};

static double shift_ms(size_t k)
{
    return far_ms * (2.0 * (double)k / (STEPS - 1) - 1.0);
}

static enum lat_code pairs_new(struct pairs *p, const struct lat_model *m,
                               const struct lat_dataset *d,
                               enum lat_split split, size_t n_windows,
                               const struct lat_ctx *ctx, struct lat_err *err)
{
    enum lat_code code =
        lat__shifted_new(&p->w, m, d, split, n_windows, ctx, err);
    size_t n, dims;

    if (code)
        return code;
    n = p->w->n;
    dims = p->w->net->dims;
    p->z = lat_calloc(n, dims * sizeof(float));
    p->later = lat_calloc(n, dims * sizeof(float));
    p->x = lat_calloc(n, 3 * dims * sizeof(float));
    p->y = lat_calloc(n, sizeof(float));
    p->shifted = lat_calloc(n, sizeof(*p->shifted));
    if (!p->z || !p->later || !p->x || !p->y || !p->shifted)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", n);
    return LAT_OK;
}

static void pairs_fini(struct pairs *p)
{
    lat__windows_free(p->w);
    lat_free(p->z);
    lat_free(p->later);
    lat_free(p->x);
    lat_free(p->y);
    lat_free(p->shifted);
}

static void fill(struct pairs *p, struct lat_rng *rng)
{
    size_t n = p->w->n, dims = p->w->net->dims;
    double rate_hz = p->w->card->input.rate_hz;

    lat__shifted_at(p->w, 0);
    memcpy(p->z, p->w->z, n * dims * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        p->shifted[i] = (unsigned)lat__rng_below(rng, STEPS);
        p->y[i] = (float)(shift_ms(p->shifted[i]) / far_ms);
    }
    for (size_t k = 0; k < STEPS; k++) {
        lat__shifted_at(p->w, lat__phase_samples(shift_ms(k), rate_hz));
        for (size_t i = 0; i < n; i++)
            if (p->shifted[i] == k)
                memcpy(p->later + i * dims, p->w->z + i * dims,
                       dims * sizeof(float));
    }
}

static struct lat__probe_set features(const struct pairs *p, struct lat_range b)
{
    size_t w = b.end - b.begin, dims = p->w->net->dims;

    for (size_t i = 0; i < p->w->n; i++)
        lat__probe_pair(p->x + i * 3 * w, p->z + i * dims + b.begin,
                        p->later + i * dims + b.begin, w);
    return (struct lat__probe_set){p->x, p->y, p->w->n};
}

static enum lat_code probe(struct lat_shift_probe *out, const struct pairs *fit,
                           const struct pairs *test, struct lat_err *err)
{
    const struct lat_card *card = test->w->card;
    enum lat_code code = LAT_OK;

    for (size_t r = 0; !code && r <= LAT_N_BLOCKS; r++) {
        struct lat_range b = {0, card->dims};
        struct lat__probe p = {.outs = 1, .seed = shift_seed};

        if (r < LAT_N_BLOCKS)
            b = card->partitioned ? card->blocks[r] : (struct lat_range){0, 0};
        p.dims = 3 * (b.end - b.begin);
        out[r].present = p.dims > 0;
        if (p.dims == 0)
            continue;
        p.fit = features(fit, b);
        p.test = features(test, b);
        code = lat__probe_linear(&out[r].linear, &p, err);
        if (!code)
            code = lat__probe_mlp(&out[r].mlp, &p, err);
    }
    return code;
}

enum lat_code lat_probe_shift(struct lat_shift_probe out[LAT_N_BLOCKS + 1],
                              struct lat_model *m,
                              const struct lat_kernel *kernel,
                              const struct lat_dataset *d,
                              const struct lat_turn_ask *ask,
                              struct lat_err *err)
{
    struct lat_shift_probe found[LAT_N_BLOCKS + 1] = {{0}};
    struct pairs fit = {0}, test = {0};
    struct lat_ctx ctx = {.kernel = kernel};
    struct lat_rng rng;
    enum lat_code code = LAT_OK;

    if (lat_model_card(m)->input.n_channels != 1 || d->n_channels != 1)
        code = lat_fail(err, LAT_EUNFIT, "shifts are probed of one channel");
    else if (d->first[ask->split + 1] == d->first[ask->split] ||
             d->first[LAT_TRAIN + 1] == d->first[LAT_TRAIN])
        code = lat_fail(err, LAT_EINVAL,
                        "no patient in the split, or none to fit probes on");
    if (!code)
        code = lat__team_new(&ctx.team, ask->n_threads, err);
    if (!code)
        code = pairs_new(&fit, m, d, LAT_TRAIN, ask->n_windows, &ctx, err);
    if (!code)
        code = pairs_new(&test, m, d, ask->split, ask->n_windows, &ctx, err);
    if (!code) {
        lat__rng_seed(&rng, shift_seed);
        fill(&fit, &rng);
        fill(&test, &rng);
        code = probe(found, &fit, &test, err);
    }
    if (!code)
        memcpy(out, found, sizeof(found));
    pairs_fini(&fit);
    pairs_fini(&test);
    lat__team_free(ctx.team);
    return code ? lat_wrap(err, code, "probe of the shift") : LAT_OK;
}
