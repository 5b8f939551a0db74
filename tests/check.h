/*
 * check.h - what all unit tests share: cmocka, a slope, a starved allocator.
 *
 * A test's name is a sentence: the room, then what must be true.
 */
#ifndef TESTS_CHECK_H
#define TESTS_CHECK_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#define TEST(room, sentence) static void room##_##sentence(void **state)
#define T(room, sentence) cmocka_unit_test(room##_##sentence)
#define UNUSED_STATE ((void)state)

#define CHECK(cond) assert_true(cond)
/* |got - want| <= tol * max(1, |want|) */
#define CHECK_NEAR(got, want, tol)                                           \
    check_near((double)(got), (double)(want), (double)(tol), #got, __FILE__, \
               __LINE__)

static inline void check_near(double got, double want, double tol,
                              const char *what, const char *file, int line)
{
    double scale = fabs(want) > 1.0 ? fabs(want) : 1.0;

    if (fabs(got - want) <= tol * scale)
        return;
    print_error("%s is %.9g, expected %.9g within %g\n", what, got, want, tol);
    _fail(file, line);
}

/* Compares grad (n) with central differences of loss by x (n). */
static inline void check_grad(double (*loss)(void *arg), void *arg, float *x,
                              const float *grad, size_t n, double tol)
{
    for (size_t i = 0; i < n; i++) {
        const float h = 1e-2f;
        float old = x[i];
        double up, down;

        x[i] = old + h;
        up = loss(arg);
        x[i] = old - h;
        down = loss(arg);
        x[i] = old;
        if (fabs((up - down) / (2.0 * (double)h) - (double)grad[i]) >
            tol * fmax(1.0, fabs((double)grad[i]))) {
            print_error("gradient [%zu] is %g, differences say %g\n", i,
                        (double)grad[i], (up - down) / (2.0 * (double)h));
            fail();
        }
    }
}

/* A path below the source tree, from a ring of static buffers. */
static inline const char *src_path(const char *rel)
{
    static char buf[4][4096];
    static unsigned next;
    const char *root = getenv("LATENTD_SRCDIR");
    char *p = buf[next++ % 4];

    snprintf(p, sizeof(buf[0]), "%s/%s", root ? root : ".", rel);
    return p;
}

#endif
