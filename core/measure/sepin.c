/*
 * sepin.c - what each dimension alone contributes: the rise of NT-Xent when it
 * is left out.  SEPIN@k is the mean of the k largest rises.
 *
 * u (n, dims) has unit rows or rows of zeros, s = u u'.  Without dimension k
 * the cosines are those of what is left, at unit length again:
 *
 *     (s_ij - u_ik u_jk) / (r_i r_j),  r_i = sqrt(1 - u_ik^2)
 */
#include "../measure.h"

#include <math.h>

struct sepin {
    const struct lat__codes *c; /* its labels are ids of the things */
    const float *s;
    double tau;
    double *rise;
};

/* 1 / r, or 0 where nothing is left. */
static double inverse(double u)
{
    double left = 1.0 - u * u;

    return left > 1e-12 ? 1.0 / sqrt(left) : 0.0;
}

/* The loss of row i without dimension k; with all of them, k = dims. */
static double row_loss(const struct sepin *a, size_t i, size_t k)
{
    const struct lat__codes *c = a->c;
    const float *s = a->s + i * c->n;
    bool all = k == c->dims;
    double own = all ? 0.0 : (double)c->x[i * c->dims + k];
    double near = 0.0, far = 0.0;

    for (size_t j = 0; j < c->n; j++) {
        double other = all ? 0.0 : (double)c->x[j * c->dims + k];
        double cosine =
            ((double)s[j] - own * other) * inverse(own) * inverse(other);

        if (j == i)
            continue;
        if (c->label[j] == c->label[i])
            near += exp(cosine / a->tau);
        else
            far += exp(cosine / a->tau);
    }
    return near > 0.0 ? log1p(far / near) : 0.0;
}

static double loss(const struct sepin *a, size_t k)
{
    double sum = 0.0;

    for (size_t i = 0; i < a->c->n; i++)
        sum += row_loss(a, i, k);
    return sum / (double)a->c->n;
}

static void rise_part(void *arg, size_t part)
{
    const struct sepin *a = arg;

    for (size_t k = lat__part_begin(a->c->dims, part);
         k < lat__part_begin(a->c->dims, part + 1); k++)
        a->rise[k] = loss(a, k);
}

void lat__sepin_rises(double *rise, const struct lat__codes *c, const float *s,
                      double tau, struct lat_team *team)
{
    struct sepin a = {c, s, tau, rise};
    double whole = loss(&a, c->dims);

    lat__team_run(team, rise_part, &a);
    for (size_t k = 0; k < c->dims; k++)
        rise[k] -= whole;
}

double lat__sepin(struct lat__dim_rank *order, const double *rise, size_t dims,
                  size_t k)
{
    double sum = 0.0;

    assert(k > 0 && k <= dims);
    lat__dim_order(order, rise, dims);
    for (size_t i = 0; i < k; i++)
        sum += order[i].score;
    return sum / (double)k;
}
