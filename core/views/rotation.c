/*
 * rotation.c - the same movement, with the sensor turned.
 *
 * One rotation for a whole window and for every sensor of it.  Uniform on
 * SO(3): q = four normals / their length = (w, x, y, z),
 *
 *     R = [ 1-2(yy+zz)  2(xy-wz)    2(xz+wy)
 *           2(xy+wz)    1-2(xx+zz)  2(yz-wx)
 *           2(xz-wy)    2(yz+wx)    1-2(xx+yy) ]
 *
 * The angle of R is 2 acos |w|, its density (1 - cos a) / pi.  Up to a largest
 * angle, rotations are uniform among those with no larger one: the angle by
 * its distribution (a - sin a) / (A - sin A), the axis uniform on the sphere.
 */
#include "../views.h"

#include <math.h>
#include <string.h>

static const double pi = 3.14159265358979323846;

void lat__rotation_of(struct lat__rotation *r, const double q[4])
{
    double w = q[0], x = q[1], y = q[2], z = q[3];
    const double m[9] = {
        1.0 - 2.0 * (y * y + z * z), 2.0 * (x * y - w * z),
        2.0 * (x * z + w * y),       2.0 * (x * y + w * z),
        1.0 - 2.0 * (x * x + z * z), 2.0 * (y * z - w * x),
        2.0 * (x * z - w * y),       2.0 * (y * z + w * x),
        1.0 - 2.0 * (x * x + y * y),
    };

    memcpy(r->m, m, sizeof(m));
}

/* n normals, their length 1. */
static void draw_unit(struct lat_rng *rng, double *v, size_t n)
{
    double sum;

    do {
        sum = 0.0;
        for (size_t i = 0; i < n; i++) {
            v[i] = lat__rng_normal(rng);
            sum += v[i] * v[i];
        }
    } while (sum < 1e-12);
    for (size_t i = 0; i < n; i++)
        v[i] /= sqrt(sum);
}

/* Where a - sin a, which rises, is share of what it is at most. */
static double angle_at(double share, double most)
{
    double low = 0.0, high = most, want = share * (most - sin(most));

    for (int i = 0; i < 60; i++) {
        double a = 0.5 * (low + high);

        if (a - sin(a) < want)
            low = a;
        else
            high = a;
    }
    return 0.5 * (low + high);
}

void lat__rotation_about(struct lat__rotation *r, const double axis[3],
                         double degrees)
{
    double half = degrees * pi / 360.0;
    const double q[4] = {cos(half), sin(half) * axis[0], sin(half) * axis[1],
                         sin(half) * axis[2]};

    lat__rotation_of(r, q);
}

void lat__rotation_draw_by(struct lat__rotation *r, struct lat_rng *rng,
                           double degrees)
{
    double axis[3];

    draw_unit(rng, axis, 3);
    lat__rotation_about(r, axis, degrees);
}

void lat__rotation_draw(struct lat__rotation *r, struct lat_rng *rng,
                        double max_degrees)
{
    double q[4];

    if (max_degrees < 180.0) {
        double share = lat__rng_uniform(rng);

        lat__rotation_draw_by(
            r, rng, angle_at(share, max_degrees * pi / 180.0) * 180.0 / pi);
        return;
    }
    draw_unit(rng, q, 4);
    lat__rotation_of(r, q);
}

/* trace R = 1 + 2 cos a */
double lat__rotation_degrees(const struct lat__rotation *r)
{
    double c = 0.5 * (r->m[0] + r->m[4] + r->m[8] - 1.0);

    return acos(fmax(-1.0, fmin(1.0, c))) * 180.0 / pi;
}

/* out = a' b */
void lat__rotation_between(struct lat__rotation *out,
                           const struct lat__rotation *a,
                           const struct lat__rotation *b)
{
    struct lat__rotation r = {{0}};

    for (size_t i = 0; i < 3; i++)
        for (size_t j = 0; j < 3; j++)
            for (size_t k = 0; k < 3; k++)
                r.m[3 * i + j] += a->m[3 * k + i] * b->m[3 * k + j];
    *out = r;
}

void lat__rotate(float *y, const float *x, size_t n, size_t channels,
                 const struct lat__rotation *r)
{
    for (size_t i = 0; i < n * (channels / 3); i++, x += 3, y += 3) {
        const double v[3] = {(double)x[0], (double)x[1], (double)x[2]};

        for (size_t k = 0; k < 3; k++)
            y[k] = (float)(r->m[3 * k] * v[0] + r->m[3 * k + 1] * v[1] +
                           r->m[3 * k + 2] * v[2]);
    }
}
