/*
 * scl.c - structured contrastive learning (arXiv 2511.14920), rebuilt from what
 * is public of it.  a and b are two views, I and A the invariant and the
 * variant block; a mean over pairs of views where there are more than two:
 *
 *     L_inv = mean over i of (1 - cos(a_i^I, b_i^I))
 *     L_var = mean over i of max(0, cos(a_i^A, b_i^A) - m_var)
 *     L_neg = mean over kept i != j of max(0, cos(a_i^I, b_j^I) - m_neg)
 *     L_scl = w_inv L_inv + w_var L_var + w_neg L_neg
 */
#include "../losses.h"

static size_t view_pairs(const struct lat_contrast *c)
{
    return c->spec.n_views * (c->spec.n_views - 1) / 2;
}

static double pull(struct lat_contrast *c, double g)
{
    size_t n = c->spec.n, rows = c->rows;
    double sum = 0.0;

    for (size_t b = 1; b < c->spec.n_views; b++)
        for (size_t a = 0; a < b; a++)
            for (size_t i = 0; i < n; i++) {
                size_t at = (a * n + i) * rows + b * n + i;

                sum += 1.0 - (double)c->cos[at];
                c->dcos[at] -= (float)g;
            }
    return sum;
}

static double vary(struct lat_contrast *c, double margin, double g)
{
    double sum = 0.0;

    for (size_t i = 0; i < view_pairs(c) * c->spec.n; i++) {
        if ((double)c->pair[i] <= margin)
            continue;
        sum += (double)c->pair[i] - margin;
        c->dpair[i] += (float)g;
    }
    return sum;
}

/* Whether sources i and j are each other's negatives. */
static bool kept(const uint32_t *group, size_t i, size_t j)
{
    return i != j && (!group || group[i] != group[j]);
}

static size_t count_kept(const uint32_t *group, size_t n)
{
    size_t k = 0;

    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < n; j++)
            k += kept(group, i, j);
    return k;
}

/* One row: source i in view a against all of view b. */
static double push_row(struct lat_contrast *c, size_t i, size_t at,
                       const uint32_t *group, const double margin_g[2])
{
    double sum = 0.0;

    for (size_t j = 0; j < c->spec.n; j++) {
        double over = (double)c->cos[at + j] - margin_g[0];

        if (!kept(group, i, j) || over <= 0.0)
            continue;
        sum += over;
        c->dcos[at + j] += (float)margin_g[1];
    }
    return sum;
}

static double push(struct lat_contrast *c, double margin, double g,
                   const uint32_t *group)
{
    const double margin_g[2] = {margin, g};
    size_t n = c->spec.n;
    double sum = 0.0;

    for (size_t b = 1; b < c->spec.n_views; b++)
        for (size_t a = 0; a < b; a++)
            for (size_t i = 0; i < n; i++)
                sum += push_row(c, i, (a * n + i) * c->rows + b * n, group,
                                margin_g);
    return sum;
}

struct lat_scl_loss lat__scl(struct lat_contrast *c,
                             const struct lat_scl_spec *spec, double scale,
                             const uint32_t *group)
{
    double all = (double)(view_pairs(c) * c->spec.n);
    double far = (double)(view_pairs(c) * count_kept(group, c->spec.n));
    struct lat_scl_loss l = {0};

    l.inv = pull(c, scale * spec->w_inv / all) / all;
    if (c->spec.var.end > c->spec.var.begin)
        l.var = vary(c, spec->m_var, scale * spec->w_var / all) / all;
    if (far > 0.0)
        l.neg = push(c, spec->m_neg, scale * spec->w_neg / far, group) / far;
    l.total = spec->w_inv * l.inv + spec->w_var * l.var + spec->w_neg * l.neg;
    return l;
}
