/*
 * nt_xent.c - the contrastive loss of unit rows: views of one thing against
 * all others.
 *
 * u (n, d) holds unit rows or rows of zeros; rows of one id are views of one
 * thing, and no row is compared to itself:
 *
 *     s = u u',  e = exp(s / tau)
 *     P_i, Q_i = sum of e_ij over j != i of the same id, of another id
 *     loss = mean over i of -log(P_i / (P_i + Q_i))
 *     ds_ij = (e_ij / (P_i + Q_i) - [same id] e_ij / P_i) / (n tau)
 *     du = (ds + ds') u
 *
 * A row without another view costs nothing and teaches nothing.
 */
#include "../losses.h"
#include "../ops.h"

#include <math.h>

struct nt_xent {
    const struct lat_ctx *ctx;
    const struct lat_nt_xent *k;
    const float *u;
    const uint32_t *id;
    float *du;
};

static void cosines_part(void *arg, size_t part)
{
    const struct nt_xent *a = arg;
    size_t n = a->k->rows, d = a->k->dims, begin = lat__part_begin(n, part);

    a->ctx->kernel->product(&(struct lat_product){
        .m = lat__part_begin(n, part + 1) - begin,
        .n = n,
        .k = d,
        .a = a->u + begin * d,
        .a_row = d,
        .a_col = 1,
        .b = a->k->turned,
        .b_row = n,
        .c = a->k->s + begin * n,
        .c_row = n,
    });
}

/* Row i of s becomes that of ds. */
static double row_loss(const struct nt_xent *a, size_t i)
{
    size_t n = a->k->rows;
    float *s = a->k->s + i * n;
    double near = 0.0, far = 0.0, g = 1.0 / ((double)n * a->k->tau);

    s[i] = 0.0f;
    for (size_t j = 0; j < n; j++) {
        if (j == i)
            continue;
        s[j] = (float)exp((double)s[j] / a->k->tau);
        if (a->id[j] == a->id[i])
            near += (double)s[j];
        else
            far += (double)s[j];
    }
    for (size_t j = 0; j < n; j++) {
        double pull = a->id[j] == a->id[i] ? 1.0 / near : 0.0;

        s[j] = near > 0.0
                   ? (float)(g * (double)s[j] * (1.0 / (near + far) - pull))
                   : 0.0f;
    }
    return near > 0.0 ? log1p(far / near) : 0.0;
}

static void losses_part(void *arg, size_t part)
{
    const struct nt_xent *a = arg;

    for (size_t i = lat__part_begin(a->k->rows, part);
         i < lat__part_begin(a->k->rows, part + 1); i++)
        a->k->row[i] = row_loss(a, i);
}

/* s = s + s' */
static void symmetrize(float *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++) {
            s[i * n + j] += s[j * n + i];
            s[j * n + i] = s[i * n + j];
        }
}

static void gradient_part(void *arg, size_t part)
{
    const struct nt_xent *a = arg;
    size_t n = a->k->rows, d = a->k->dims, begin = lat__part_begin(n, part);

    a->ctx->kernel->product(&(struct lat_product){
        .m = lat__part_begin(n, part + 1) - begin,
        .n = d,
        .k = n,
        .a = a->k->s + begin * n,
        .a_row = n,
        .a_col = 1,
        .b = a->u,
        .b_row = d,
        .c = a->du + begin * d,
        .c_row = d,
    });
}

double lat__nt_xent(const struct lat_ctx *ctx, const struct lat_nt_xent *k,
                    float *du, const float *u, const uint32_t *id)
{
    struct nt_xent a = {ctx, k, u, id, du};
    double sum = 0.0;

    for (size_t i = 0; i < k->rows; i++)
        for (size_t j = 0; j < k->dims; j++)
            k->turned[j * k->rows + i] = u[i * k->dims + j];
    lat__team_run(ctx->team, cosines_part, &a);
    lat__team_run(ctx->team, losses_part, &a);
    for (size_t i = 0; i < k->rows; i++)
        sum += k->row[i];
    if (du) {
        symmetrize(k->s, k->rows);
        lat__team_run(ctx->team, gradient_part, &a);
    }
    return sum / (double)k->rows;
}
