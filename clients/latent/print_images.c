/* print_images.c - codes of images as a table: how many dimensions they have
 * left, how alike they are, and of one alone which. */
#include "print_images.h"

#include <math.h>
#include <stdlib.h>

enum { LISTED = 12 };

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

/* 0 where one of them is a zero vector. */
static double cosine(const float *a, const float *b, size_t n)
{
    double norm = sqrt(dot(a, a, n) * dot(b, b, n));

    return norm > 0.0 ? dot(a, b, n) / norm : 0.0;
}

static size_t count_active(const float *z, size_t n)
{
    size_t active = 0;

    for (size_t i = 0; i < n; i++)
        active += fabsf(z[i]) > 0.0f;
    return active;
}

static double expected(const struct cli_item *item, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)item->open[i];
    return sum;
}

static void put_row(struct lat_buf *b, const struct cli_embeddings *e,
                    const struct cli_item *item, const char *file)
{
    size_t active = count_active(item->z, e->dims);

    lat_buf_printf(b, "%-28.28s %7zu", file, active);
    if (item->open)
        lat_buf_printf(b, " %9.1f", expected(item, e->dims));
    if (e->n > 1)
        lat_buf_printf(b, " %8.4f", cosine(e->items[0].z, item->z, e->dims));
    lat_buf_printf(b, "%s%s%s\n", item->cache[0] ? "  " : "", item->cache,
                   active ? "" : "  all gates are shut");
}

struct one {
    size_t dim;
    float value;
};

static int larger(const void *a, const void *b)
{
    const struct one *x = a, *y = b;

    if (fabsf(x->value) > fabsf(y->value) || fabsf(x->value) < fabsf(y->value))
        return fabsf(x->value) > fabsf(y->value) ? -1 : 1;
    return x->dim < y->dim ? -1 : 1;
}

/* Of one image alone there is room for its dimensions, the largest first. */
static void put_dims(struct lat_buf *b, const struct cli_embeddings *e)
{
    const struct cli_item *item = &e->items[0];
    struct one *list = lat_calloc(e->dims, sizeof(*list));
    size_t n = 0;

    if (!list) {
        b->failed = true;
        return;
    }
    for (size_t i = 0; i < e->dims; i++)
        if (fabsf(item->z[i]) > 0.0f)
            list[n++] = (struct one){i, item->z[i]};
    qsort(list, n, sizeof(*list), larger);
    if (n)
        lat_buf_printf(b, "\ndimension    value%s\n",
                       item->open ? "   gate open" : "");
    for (size_t k = 0; k < n && k < LISTED; k++) {
        lat_buf_printf(b, "%9zu %8.4f", list[k].dim, (double)list[k].value);
        if (item->open)
            lat_buf_printf(b, " %11.3f", (double)item->open[list[k].dim]);
        lat_buf_puts(b, "\n");
    }
    if (n > LISTED)
        lat_buf_printf(b, "and %zu more\n", n - LISTED);
    lat_free(list);
}

void cli_print_images(struct lat_buf *b, const struct cli_embeddings *e,
                      char *const *files)
{
    lat_buf_printf(b, "%s, %zu dimensions\n\n%-28s %7s%s%s\n", e->model,
                   e->dims, "image", "active",
                   e->items[0].open ? "  expected" : "",
                   e->n > 1 ? "   cosine" : "");
    for (size_t i = 0; i < e->n; i++)
        put_row(b, e, &e->items[i], files[e->items[i].file]);
    if (e->n == 1)
        put_dims(b, e);
    else
        lat_buf_printf(b,
                       "\nactive: dimensions that are not 0%s; cosine: with "
                       "the first image\n",
                       e->items[0].open ? "; expected: sum of the gates' "
                                          "probabilities"
                                        : "");
}
