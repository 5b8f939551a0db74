/*
 * contrast.c - cosines within a batch, and their derivative.
 *
 *     cos(u, v) = u.v / ((|u| + eps)(|v| + eps)),  eps = 1e-8
 *     dcos/du   = (v/|v| - cos u/|u|) / |u|,       |u| at least 1e-4
 *
 * With unit rows U and G the gradient by the cosines U U', the gradient by U
 * is (G + G') U; what lies along a row itself is taken off, and the rest is
 * divided by the row's length.
 */
#include "../losses.h"

#include <math.h>
#include <string.h>

static const double eps = 1e-8, least_norm = 1e-4;

static size_t width(struct lat_range r)
{
    return r.end - r.begin;
}

static size_t count_pairs(const struct lat_contrast_spec *s)
{
    return s->n_views * (s->n_views - 1) / 2;
}

enum { N_PARTS = 9 };

/* Cuts c->block into its parts; returns their floats in all.  Without a block
 * it only counts. */
static size_t lay_out(struct lat_contrast *c)
{
    const struct lat_contrast_spec *s = &c->spec;
    size_t wi = width(s->inv), wv = width(s->var), rows = c->rows, all = 0;
    float **part[N_PARTS] = {&c->cos,    &c->dcos,  &c->pair,
                             &c->dpair,  &c->norm,  &c->unit,
                             &c->turned, &c->dunit, &c->vary};
    size_t len[N_PARTS] = {rows * rows,
                           rows * rows,
                           count_pairs(s) * s->n,
                           count_pairs(s) * s->n,
                           2 * rows,
                           rows * wi,
                           rows * wi,
                           rows * (wi > wv ? wi : wv),
                           rows * wv};

    for (size_t i = 0; i < N_PARTS; i++) {
        *part[i] = c->block ? c->block + all : NULL;
        all += (len[i] + 15) / 16 * 16; /* each on a cache line of its own */
    }
    return all;
}

enum lat_code lat__contrast_new(struct lat_contrast **out,
                                const struct lat_contrast_spec *spec,
                                const struct lat_kernel *kernel,
                                struct lat_err *err)
{
    struct lat_contrast *c = lat_calloc(1, sizeof(*c));

    assert(spec->n > 0 && spec->n_views > 1);
    assert(spec->inv.end <= spec->dims && spec->var.end <= spec->dims);
    if (!c)
        return lat_fail(err, LAT_ENOMEM, "contrast");
    c->spec = *spec;
    c->kernel = kernel;
    c->rows = spec->n * spec->n_views;
    c->block = lat_calloc(lay_out(c), sizeof(float));
    if (!c->block) {
        lat_free(c);
        return lat_fail(err, LAT_ENOMEM, "cosines of %zu rows",
                        spec->n * spec->n_views);
    }
    lay_out(c);
    *out = c;
    return LAT_OK;
}

void lat__contrast_free(struct lat_contrast *c)
{
    if (!c)
        return;
    lat_free(c->block);
    lat_free(c);
}

/* unit = z / (|z| + eps), row by row of one block. */
static void normalize(const struct lat_contrast *c, float *unit, float *norm,
                      const float *z, struct lat_range r)
{
    size_t w = width(r);

    for (size_t i = 0; i < c->rows; i++) {
        const float *u = z + i * c->spec.dims + r.begin;
        double sum = 0.0;

        for (size_t j = 0; j < w; j++)
            sum += (double)u[j] * (double)u[j];
        norm[i] = (float)sqrt(sum);
        for (size_t j = 0; j < w; j++)
            unit[i * w + j] = (float)((double)u[j] / (sqrt(sum) + eps));
    }
}

static float dot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return (float)sum;
}

static void pairs_forward(struct lat_contrast *c)
{
    size_t n = c->spec.n, w = width(c->spec.var);

    for (size_t b = 1; b < c->spec.n_views; b++)
        for (size_t a = 0; a < b; a++)
            for (size_t i = 0; i < n; i++)
                c->pair[lat__view_pair(a, b) * n + i] = dot(
                    c->vary + (a * n + i) * w, c->vary + (b * n + i) * w, w);
}

void lat__contrast_forward(struct lat_contrast *c, const float *z)
{
    size_t rows = c->rows, w = width(c->spec.inv);

    normalize(c, c->unit, c->norm, z, c->spec.inv);
    normalize(c, c->vary, c->norm + rows, z, c->spec.var);
    for (size_t i = 0; i < rows; i++)
        for (size_t j = 0; j < w; j++)
            c->turned[j * rows + i] = c->unit[i * w + j];
    c->kernel->product(&(struct lat_product){
        .m = rows,
        .n = rows,
        .k = w,
        .a = c->unit,
        .a_row = w,
        .a_col = 1,
        .b = c->turned,
        .b_row = rows,
        .c = c->cos,
        .c_row = rows,
    });
    pairs_forward(c);
    memset(c->dcos, 0, rows * rows * sizeof(float));
    memset(c->dpair, 0, count_pairs(&c->spec) * c->spec.n * sizeof(float));
}

/* unit was z / (|z| + eps): dz = (dunit - (unit.dunit) unit) / |z| */
static void normalize_backward(const struct lat_contrast *c, float *dz,
                               const float *unit, const float *norm,
                               struct lat_range r)
{
    size_t w = width(r);

    for (size_t i = 0; i < c->rows; i++) {
        const float *u = unit + i * w, *du = c->dunit + i * w;
        double along = (double)dot(u, du, w);
        double len = fmax((double)norm[i], least_norm);

        for (size_t j = 0; j < w; j++)
            dz[i * c->spec.dims + r.begin + j] =
                (float)(((double)du[j] - along * (double)u[j]) / len);
    }
}

/* cos was U U', with U on both sides: dU = (dcos + dcos') U */
static void cosines_backward(struct lat_contrast *c)
{
    size_t rows = c->rows, w = width(c->spec.inv);
    struct lat_product p = {
        .m = rows,
        .n = w,
        .k = rows,
        .a = c->dcos,
        .a_row = rows,
        .a_col = 1,
        .b = c->unit,
        .b_row = w,
        .c = c->dunit,
        .c_row = w,
    };

    c->kernel->product(&p);
    p.a_row = 1;
    p.a_col = rows;
    p.add = true;
    c->kernel->product(&p);
}

static void pairs_backward(struct lat_contrast *c)
{
    size_t n = c->spec.n, w = width(c->spec.var);

    memset(c->dunit, 0, c->rows * w * sizeof(float));
    for (size_t b = 1; b < c->spec.n_views; b++)
        for (size_t a = 0; a < b; a++)
            for (size_t i = 0; i < n; i++) {
                float g = c->dpair[lat__view_pair(a, b) * n + i];
                size_t p = (a * n + i) * w, q = (b * n + i) * w;

                for (size_t j = 0; j < w; j++) {
                    c->dunit[p + j] += g * c->vary[q + j];
                    c->dunit[q + j] += g * c->vary[p + j];
                }
            }
}

void lat__contrast_backward(struct lat_contrast *c, float *dz)
{
    memset(dz, 0, c->rows * c->spec.dims * sizeof(*dz));
    if (width(c->spec.inv) > 0) {
        cosines_backward(c);
        normalize_backward(c, dz, c->unit, c->norm, c->spec.inv);
    }
    if (width(c->spec.var) > 0) {
        pairs_backward(c);
        normalize_backward(c, dz, c->vary, c->norm + c->rows, c->spec.var);
    }
}
