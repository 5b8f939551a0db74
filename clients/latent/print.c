/* print.c - a list of embeddings as a table, JSON, CSV, NPY. */
#include "print_images.h"

#include <math.h>
#include <string.h>

enum { FIRST_VALUES = 6, CLASS_WIDTH = 18 };

bool cli_is_partition(const char *word)
{
    for (int b = 0; b < LAT_N_BLOCKS; b++)
        if (strcmp(word, lat_block_name((enum lat_block)b)) == 0)
            return true;
    return false;
}

enum lat_code cli_pick_range(struct lat_range *out,
                             const struct cli_embeddings *e,
                             const char *partition, struct lat_err *err)
{
    *out = (struct lat_range){0, e->dims};
    if (!partition)
        return LAT_OK;
    if (!e->partitioned)
        return lat_fail(err, LAT_EUNFIT, "model %s has no partitions",
                        e->model);
    for (int b = 0; b < LAT_N_BLOCKS; b++)
        if (strcmp(partition, lat_block_name((enum lat_block)b)) == 0)
            *out = e->blocks[b];
    return LAT_OK;
}

static double dot(const float *a, const float *b, struct lat_range r)
{
    double sum = 0.0;

    for (size_t i = r.begin; i < r.end; i++)
        sum += (double)a[i] * (double)b[i];
    return sum;
}

static double norm(const float *z, struct lat_range r)
{
    return sqrt(dot(z, z, r));
}

/* 0 where one of them is a zero vector. */
static double cosine(const float *a, const float *b, struct lat_range r)
{
    double n = norm(a, r) * norm(b, r);

    return n > 0.0 ? dot(a, b, r) / n : 0.0;
}

/* ---- the table ---- */

static size_t n_parts(const struct cli_embeddings *e)
{
    return e->partitioned ? LAT_N_BLOCKS : 1;
}

static struct lat_range part(const struct cli_embeddings *e, size_t i)
{
    return e->partitioned ? e->blocks[i] : (struct lat_range){0, e->dims};
}

static const char *part_name(const struct cli_embeddings *e, size_t i)
{
    return e->partitioned ? lat_block_name((enum lat_block)i) : "whole";
}

static int file_width(const struct cli_embeddings *e, char *const *files)
{
    size_t width = strlen("recording");

    for (size_t i = 0; i < e->n; i++)
        if (strlen(files[e->items[i].file]) > width)
            width = strlen(files[e->items[i].file]);
    return width > 24 ? 24 : (int)width;
}

/* The end of a long path is the part that tells. */
static const char *tail(const char *s, int width)
{
    size_t len = strlen(s);

    return len > (size_t)width ? s + len - (size_t)width : s;
}

static void put_head(struct lat_buf *b, const struct cli_embeddings *e,
                     int width)
{
    int columns = (int)n_parts(e) * 11;

    lat_buf_printf(b, "%s, %zu dimensions\n\n%*s %*s   %-*s\n", e->model,
                   e->dims, -width, "", 16, "", columns, "norm of each part");
    if (e->n > 1) {
        b->len--; /* one line with what follows */
        lat_buf_printf(b, "   cosine with the first window\n");
    }
    lat_buf_printf(b, "%*s %16s  ", -width, "recording", "seconds");
    for (size_t i = 0; i < n_parts(e); i++)
        lat_buf_printf(b, " %10s", part_name(e, i));
    lat_buf_puts(b, e->n > 1 ? "  " : "");
    for (size_t i = 0; i < n_parts(e) && e->n > 1; i++)
        lat_buf_printf(b, " %10s", part_name(e, i));
    if (e->n_labels)
        lat_buf_printf(b, "  %-*s", CLASS_WIDTH + 7, "class, how likely");
    lat_buf_puts(b, e->items[0].cache[0] ? "   cache\n" : "\n");
}

/* The likeliest class, and how likely. */
static void put_class(struct lat_buf *b, const struct cli_embeddings *e,
                      const struct cli_item *item)
{
    size_t best = 0;

    if (!item->likely)
        return;
    for (size_t i = 1; i < e->n_labels; i++)
        best = item->likely[i] > item->likely[best] ? i : best;
    lat_buf_printf(b, "  %-*s %6.4f", CLASS_WIDTH, e->labels[best],
                   (double)item->likely[best]);
}

static void put_row(struct lat_buf *b, const struct cli_embeddings *e,
                    const struct cli_item *item, const char *file, int width)
{
    double rate = item->rate_hz > 0.0 ? item->rate_hz : 1.0;

    lat_buf_printf(b, "%*s ", -width, tail(file, width));
    if (item->end)
        lat_buf_printf(b, "%7.2f -%7.2f  ", (double)item->begin / rate,
                       (double)item->end / rate);
    else
        lat_buf_printf(b, "%16s  ", "whole");
    for (size_t i = 0; i < n_parts(e); i++)
        lat_buf_printf(b, " %10.4f", norm(item->z, part(e, i)));
    lat_buf_puts(b, e->n > 1 ? "  " : "");
    for (size_t i = 0; i < n_parts(e) && e->n > 1; i++)
        lat_buf_printf(b, " %10.4f",
                       cosine(e->items[0].z, item->z, part(e, i)));
    put_class(b, e, item);
    lat_buf_printf(b, item->cache[0] ? "   %s\n" : "%s\n", item->cache);
}

/* Of one window alone there is room for its first values. */
static void put_values(struct lat_buf *b, const struct cli_embeddings *e)
{
    lat_buf_puts(b, "\n");
    for (size_t i = 0; i < n_parts(e); i++) {
        struct lat_range r = part(e, i);

        lat_buf_printf(b, "%-9s [%zu, %zu)", part_name(e, i), r.begin, r.end);
        for (size_t j = r.begin; j < r.end && j < r.begin + FIRST_VALUES; j++)
            lat_buf_printf(b, " %9.5f", (double)e->items[0].z[j]);
        lat_buf_puts(b, r.end - r.begin > FIRST_VALUES ? " ...\n" : "\n");
    }
}

void cli_print_table(struct lat_buf *b, const struct cli_embeddings *e,
                     char *const *files)
{
    int width = file_width(e, files);

    if (e->images) {
        cli_print_images(b, e, files);
        return;
    }
    put_head(b, e, width);
    for (size_t i = 0; i < e->n; i++)
        put_row(b, e, &e->items[i], files[e->items[i].file], width);
    if (e->n == 1)
        put_values(b, e);
}

/* ---- JSON: the shape of a reply of /v1/embeddings ---- */

static void put_partitions(struct lat_buf *b, const struct cli_embeddings *e,
                           const float *z)
{
    lat_buf_puts(b, ",\n     \"partitions\": {");
    for (size_t i = 0; i < LAT_N_BLOCKS; i++) {
        struct lat_range r = e->blocks[i];

        lat_buf_printf(b, "%s\"%s\": {\"range\": [%zu, %zu], \"norm\": ",
                       i ? ",\n       " : "", part_name(e, i), r.begin, r.end);
        cli_put_float(b, (float)norm(z, r));
        lat_buf_puts(b, ", \"values\": ");
        cli_put_floats(b, z + r.begin, r.end - r.begin);
        lat_buf_puts(b, "}");
    }
    lat_buf_puts(b, "}");
}

static void put_gates(struct lat_buf *b, const struct cli_embeddings *e,
                      const struct cli_item *item)
{
    const char *comma = "";

    lat_buf_puts(b, ",\n     \"gates\": {\"probabilities\": ");
    cli_put_floats(b, item->open, e->dims);
    lat_buf_puts(b, ", \"active\": [");
    for (size_t i = 0; i < e->dims; i++)
        if (fabsf(item->z[i]) > 0.0f) {
            lat_buf_printf(b, "%s%zu", comma, i);
            comma = ", ";
        }
    lat_buf_puts(b, "]}");
}

static void put_task(struct lat_buf *b, const struct cli_embeddings *e,
                     const float *likely)
{
    lat_buf_puts(b, ",\n     \"task\": {\"kind\": \"classes\", \"labels\": [");
    for (size_t i = 0; i < e->n_labels; i++) {
        lat_buf_puts(b, i ? ", " : "");
        cli_put_string(b, e->labels[i]);
    }
    lat_buf_puts(b, "], \"probabilities\": ");
    cli_put_floats(b, likely, e->n_labels);
    lat_buf_puts(b, "}");
}

void cli_print_json(struct lat_buf *b, const struct cli_embeddings *e,
                    struct lat_range r, char *const *files)
{
    lat_buf_puts(b, "{\"object\": \"list\", \"model\": ");
    cli_put_string(b, e->model);
    lat_buf_puts(b, ", \"data\": [");
    for (size_t i = 0; i < e->n; i++) {
        const struct cli_item *item = &e->items[i];

        lat_buf_printf(b,
                       "%s\n    {\"object\": \"embedding\", \"index\": %zu, "
                       "\"input_index\": %zu, \"id\": ",
                       i ? "," : "", i, item->file);
        cli_put_string(b, files[item->file]);
        if (item->end)
            lat_buf_printf(b, ", \"window\": {\"start\": %zu, \"end\": %zu}",
                           item->begin, item->end);
        if (item->cache[0]) {
            lat_buf_puts(b, ", \"cache\": ");
            cli_put_string(b, item->cache);
        }
        lat_buf_puts(b, ",\n     \"embedding\": ");
        cli_put_floats(b, item->z + r.begin, r.end - r.begin);
        if (e->partitioned)
            put_partitions(b, e, item->z);
        if (item->open)
            put_gates(b, e, item);
        if (item->likely)
            put_task(b, e, item->likely);
        lat_buf_puts(b, "}");
    }
    lat_buf_puts(b, "\n]}\n");
}

/* ---- CSV, NPY ---- */

static void put_csv_text(struct lat_buf *b, const char *s)
{
    if (!strpbrk(s, ",\"\n\r")) {
        lat_buf_puts(b, s);
        return;
    }
    lat_buf_puts(b, "\"");
    for (; *s; s++)
        lat_buf_printf(b, *s == '"' ? "\"%c" : "%c", *s);
    lat_buf_puts(b, "\"");
}

void cli_print_csv(struct lat_buf *b, const struct cli_embeddings *e,
                   struct lat_range r, char *const *files)
{
    lat_buf_puts(b, "recording,begin,end");
    for (size_t j = r.begin; j < r.end; j++)
        lat_buf_printf(b, ",z%zu", j);
    for (size_t i = 0; i < e->n_labels; i++) {
        lat_buf_puts(b, ",");
        put_csv_text(b, e->labels[i]);
    }
    lat_buf_puts(b, "\n");
    for (size_t i = 0; i < e->n; i++) {
        const struct cli_item *item = &e->items[i];

        put_csv_text(b, files[item->file]);
        if (item->end)
            lat_buf_printf(b, ",%zu,%zu", item->begin, item->end);
        else
            lat_buf_puts(b, ",,");
        for (size_t j = r.begin; j < r.end; j++) {
            lat_buf_puts(b, ",");
            cli_put_float(b, item->z[j]);
        }
        for (size_t k = 0; k < e->n_labels; k++) {
            lat_buf_puts(b, ",");
            if (item->likely)
                cli_put_float(b, item->likely[k]);
        }
        lat_buf_puts(b, "\n");
    }
}

/* Version 1.0: magic, length of the header, header padded to 64 bytes. */
void cli_print_npy(struct lat_buf *b, const struct cli_embeddings *e,
                   struct lat_range r)
{
    char head[128];
    int n = snprintf(head + 10, sizeof(head) - 10,
                     "{'descr': '<f4', 'fortran_order': False, "
                     "'shape': (%zu, %zu), }",
                     e->n, r.end - r.begin);

    memcpy(head, "\x93NUMPY\x01\x00\x76\x00", 10);
    memset(head + 10 + n, ' ', sizeof(head) - 10 - (size_t)n);
    head[sizeof(head) - 1] = '\n';
    lat_buf_put(b, head, sizeof(head));
    for (size_t i = 0; i < e->n; i++)
        lat_buf_put(b, e->items[i].z + r.begin,
                    (r.end - r.begin) * sizeof(float));
}
