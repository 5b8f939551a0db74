/* reproduce_found.c - the runs that stand in a folder, and their means. */
#include "reproduce.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_MAX_LEN = 128 };

/* Of one row: all seeds that have one setting, the lowest seed's. */
struct found_row {
    const struct cli_row *row;
    size_t n;
    uint64_t seeds[CLI_SEEDS_MAX];
    json_t *runs[CLI_SEEDS_MAX];
};

struct cli_found {
    const struct cli_table *table;
    size_t n_rows;
    struct found_row *rows;
};

/* ---- reading ---- */

static const char *text_of(const json_t *run, const char *key)
{
    const char *s = json_string_value(json_object_get(run, key));

    return s ? s : "";
}

/* In the order of seeds; of what was run with other settings nothing. */
static void add(struct found_row *r, uint64_t seed, json_t *run)
{
    size_t at = r->n;

    while (at > 0 && r->seeds[at - 1] > seed)
        at--;
    memmove(r->seeds + at + 1, r->seeds + at, (r->n - at) * sizeof(*r->seeds));
    memmove(r->runs + at + 1, r->runs + at, (r->n - at) * sizeof(json_t *));
    r->seeds[at] = seed;
    r->runs[at] = run;
    r->n++;
}

static void keep_one_setting(struct found_row *r)
{
    size_t kept = 0;

    for (size_t i = 0; i < r->n; i++)
        if (strcmp(text_of(r->runs[i], "setting"),
                   text_of(r->runs[0], "setting")) == 0) {
            r->seeds[kept] = r->seeds[i];
            r->runs[kept++] = r->runs[i];
        } else {
            json_decref(r->runs[i]);
        }
    r->n = kept;
}

/* Seeds are tried up to the most that a row may have: a folder is not listed,
 * for what else stands there says nothing. */
static void read_row(struct found_row *r, const char *dir)
{
    for (uint64_t seed = 0; seed < CLI_SEEDS_MAX; seed++) {
        char path[4096];
        json_t *run;

        snprintf(path, sizeof(path), "%s/runs/%s-%llu.json", dir, r->row->name,
                 (unsigned long long)seed);
        run = json_load_file(path, 0, NULL);
        if (!run)
            continue;
        if (strcmp(text_of(run, "row"), r->row->name) == 0)
            add(r, seed, run);
        else
            json_decref(run);
    }
    keep_one_setting(r);
}

enum lat_code cli_found_read(struct cli_found **out,
                             const struct cli_table *table, const char *dir,
                             struct lat_err *err)
{
    struct cli_found *f = lat_calloc(1, sizeof(*f));
    size_t n = 0;

    while (table->rows[n].name)
        n++;
    if (f)
        f->rows = lat_calloc(n, sizeof(*f->rows));
    if (!f || !f->rows) {
        lat_free(f);
        return lat_fail(err, LAT_ENOMEM, "%zu rows", n);
    }
    f->table = table;
    f->n_rows = n;
    for (size_t i = 0; i < n; i++) {
        f->rows[i].row = &table->rows[i];
        read_row(&f->rows[i], dir);
    }
    *out = f;
    return LAT_OK;
}

void cli_found_free(struct cli_found *f)
{
    if (!f)
        return;
    for (size_t i = 0; i < f->n_rows; i++)
        for (size_t k = 0; k < f->rows[i].n; k++)
            json_decref(f->rows[i].runs[k]);
    lat_free(f->rows);
    lat_free(f);
}

/* ---- asking ---- */

static const struct found_row *find(const struct cli_found *f, const char *row)
{
    for (size_t i = 0; i < f->n_rows; i++)
        if (strcmp(f->rows[i].row->name, row) == 0)
            return &f->rows[i];
    return NULL;
}

size_t cli_found_seeds(const struct cli_found *f, const char *row,
                       uint64_t seeds[CLI_SEEDS_MAX], uint64_t *steps)
{
    const struct found_row *r = find(f, row);

    *steps = 0;
    if (!r || r->n == 0)
        return 0;
    memcpy(seeds, r->seeds, r->n * sizeof(*seeds));
    *steps = (uint64_t)json_integer_value(json_object_get(r->runs[0], "steps"));
    return r->n;
}

bool cli_found_quick(const struct cli_found *f)
{
    bool quick = false;

    for (size_t i = 0; i < f->n_rows; i++)
        for (size_t k = 0; k < f->rows[i].n; k++)
            quick = quick || json_integer_value(json_object_get(
                                 f->rows[i].runs[k], "windows")) < CLI_WINDOWS;
    return quick;
}

/* "@.recall" with the part in place of "@"; a part has nothing else. */
static const json_t *look_up(const json_t *in, const char *name,
                             const char *part)
{
    static const char *const parts[] = {"invariant", "all"};
    const char *at = strchr(name, '@');
    const json_t *v = NULL;
    char full[NAME_MAX_LEN];

    if (!at)
        return part ? NULL : json_object_get(in, name);
    for (size_t i = 0; !v && i < (part ? 1u : 2u); i++) {
        snprintf(full, sizeof(full), "%.*s%s%s", (int)(at - name), name,
                 part ? part : parts[i], at + 1);
        v = json_object_get(in, full);
    }
    return v;
}

/* Of the sample, as spreads over seeds are given. */
static struct cli_mean mean_of(const double *v, size_t n)
{
    struct cli_mean m = {.n = n};
    double square = 0.0;

    for (size_t i = 0; i < n; i++)
        m.mean += v[i] / (double)n;
    for (size_t i = 0; i < n; i++)
        square += (v[i] - m.mean) * (v[i] - m.mean);
    m.sd = n > 1 ? sqrt(square / (double)(n - 1)) : 0.0;
    return m;
}

struct cli_mean cli_found_value(const struct cli_found *f,
                                const struct cli_line *line, const char *value)
{
    const struct found_row *r = find(f, line->row);
    double v[CLI_SEEDS_MAX];
    size_t n = 0;

    for (size_t i = 0; r && i < r->n; i++) {
        const json_t *j =
            look_up(json_object_get(r->runs[i], "values"), value, line->part);

        if (json_is_number(j))
            v[n++] = json_number_value(j);
    }
    return mean_of(v, n);
}

struct cli_mean cli_found_item(const struct cli_found *f,
                               const struct cli_line *line, const char *list,
                               size_t i)
{
    const struct found_row *r = find(f, line->row);
    double v[CLI_SEEDS_MAX];
    size_t n = 0;

    for (size_t k = 0; r && k < r->n; k++) {
        const json_t *j =
            look_up(json_object_get(r->runs[k], "lists"), list, line->part);

        j = json_array_get(j, i);
        if (json_is_number(j))
            v[n++] = json_number_value(j);
    }
    return mean_of(v, n);
}

/* ---- all of it ---- */

static void put_row(struct lat_buf *b, const struct cli_found *f,
                    const struct found_row *r)
{
    const json_t *values = json_object_get(r->runs[0], "values");
    const struct cli_line line = {.row = r->row->name};
    const char *comma = "";
    const char *name;
    json_t *v;

    lat_buf_printf(b, "{\"row\":\"%s\",\"what\":", r->row->name);
    cli_put_string(b, r->row->what);
    lat_buf_printf(b,
                   ",\"steps\":%lld,\"setting\":\"%s\",\"data_sha256\":"
                   "\"%s\",\"seeds\":[",
                   json_integer_value(json_object_get(r->runs[0], "steps")),
                   text_of(r->runs[0], "setting"),
                   text_of(r->runs[0], "data_sha256"));
    for (size_t i = 0; i < r->n; i++)
        lat_buf_printf(b, "%s%llu", i ? "," : "",
                       (unsigned long long)r->seeds[i]);
    lat_buf_puts(b, "],\"values\":{");
    json_object_foreach((json_t *)values, name, v)
    {
        struct cli_mean m = cli_found_value(f, &line, name);

        lat_buf_printf(b, "%s\n\"%s\":{\"n\":%zu,\"mean\":%.6g,\"sd\":%.3g}",
                       comma, name, m.n, m.mean, m.sd);
        comma = ",";
    }
    lat_buf_puts(b, "}}");
}

void cli_found_print(struct lat_buf *out, const struct cli_found *f)
{
    const char *comma = "";

    lat_buf_printf(out, "{\"table\":\"%s\",\"rows\":[", f->table->name);
    for (size_t i = 0; i < f->n_rows; i++) {
        if (f->rows[i].n == 0)
            continue;
        lat_buf_printf(out, "%s\n", comma);
        put_row(out, f, &f->rows[i]);
        comma = ",";
    }
    lat_buf_puts(out, "]}\n");
}
