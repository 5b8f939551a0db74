/* reproduce_page.c - what was found, as a page of Markdown tables. */
#include "reproduce.h"

#include <string.h>

struct page {
    const struct cli_table *table;
    const struct cli_found *found;
    struct lat_buf *out;
};

/* ---- cells ---- */

static void put_cell(const struct page *p, const struct cli_line *line,
                     const struct cli_column *c)
{
    struct cli_mean m = cli_found_value(p->found, line, c->value);
    double by = c->percent ? 100.0 : 1.0;

    if (m.n == 0)
        lat_buf_puts(p->out, " – |");
    else if (m.n == 1)
        lat_buf_printf(p->out, " %.*f |", c->digits, by * m.mean);
    else
        lat_buf_printf(p->out, " %.*f ± %.*f |", c->digits, by * m.mean,
                       c->digits, by * m.sd);
}

static void put_line(const struct page *p, const struct cli_section *s,
                     const struct cli_line *line)
{
    uint64_t seeds[CLI_SEEDS_MAX], steps;
    size_t n = cli_found_seeds(p->found, line->row, seeds, &steps);

    if (n == 0)
        return;
    lat_buf_printf(p->out, "| %s |", line->label);
    for (const struct cli_column *c = s->columns; c->title; c++)
        put_cell(p, line, c);
    lat_buf_printf(p->out, " %zu |\n", n);
}

static void put_quotes(const struct page *p, const struct cli_section *s)
{
    for (const struct cli_quote *q = s->quotes; q && q->label; q++) {
        size_t i = 0;

        lat_buf_printf(p->out, "| _%s_ |", q->label);
        for (const struct cli_column *c = s->columns; c->title; c++, i++)
            lat_buf_printf(p->out, " %s |", q->cells[i] ? q->cells[i] : "–");
        lat_buf_puts(p->out, " – |\n");
    }
}

static void put_head(const struct page *p, const struct cli_section *s)
{
    lat_buf_puts(p->out, "| |");
    for (const struct cli_column *c = s->columns; c->title; c++)
        lat_buf_printf(p->out, " %s%s |", c->title, c->percent ? ", %" : "");
    lat_buf_puts(p->out, " seeds |\n|---|");
    for (const struct cli_column *c = s->columns; c->title; c++)
        lat_buf_puts(p->out, "--:|");
    lat_buf_puts(p->out, "--:|\n");
}

/* Said once, with the first section that has these columns. */
static void put_definitions(const struct page *p, const struct cli_section *s)
{
    for (const struct cli_section *t = p->table->sections; t < s; t++)
        if (t->columns == s->columns)
            return;
    lat_buf_puts(p->out, "\n");
    for (const struct cli_column *c = s->columns; c->title; c++)
        if (c->definition)
            lat_buf_printf(p->out, "* **%s**: %s\n", c->title, c->definition);
}

/* ---- sections ---- */

/* The rows of a section that nobody has run yet, by name; lines of one row
 * stand together. */
static void put_absent(const struct page *p, const struct cli_section *s)
{
    const char *before = "\nNot run yet: ", *last = "";

    for (const struct cli_line *l = s->lines; l->label; l++) {
        uint64_t seeds[CLI_SEEDS_MAX], steps;

        if (strcmp(l->row, last) == 0 ||
            cli_found_seeds(p->found, l->row, seeds, &steps))
            continue;
        lat_buf_printf(p->out, "%s`%s`", before, l->row);
        before = ", ";
        last = l->row;
    }
    if (*before == ',')
        lat_buf_puts(p->out, ".\n");
}

static void put_section(const struct page *p, const struct cli_section *s)
{
    lat_buf_printf(p->out, "\n## %s\n\n", s->title);
    if (s->text)
        lat_buf_printf(p->out, "%s\n\n", s->text);
    put_head(p, s);
    for (const struct cli_line *l = s->lines; l->label; l++)
        put_line(p, s, l);
    put_quotes(p, s);
    put_absent(p, s);
    put_definitions(p, s);
}

/* Which recipe, with what changed, a row is; and its budget. */
static void put_rows(const struct page *p)
{
    lat_buf_puts(p->out, "\n## What the rows are\n\n"
                         "| row | | recipe | steps | seeds |\n"
                         "|---|---|---|--:|---|\n");
    for (const struct cli_row *r = p->table->rows; r->name; r++) {
        uint64_t seeds[CLI_SEEDS_MAX], steps;
        size_t n = cli_found_seeds(p->found, r->name, seeds, &steps);

        if (n == 0)
            continue;
        lat_buf_printf(p->out, "| `%s` | %s | `%s`", r->name, r->what,
                       r->recipe);
        for (size_t i = 0; i < CLI_SETS_MAX && r->set[i]; i++)
            lat_buf_printf(p->out, " `%s`", r->set[i]);
        lat_buf_printf(p->out, " | %llu |", (unsigned long long)steps);
        for (size_t i = 0; i < n; i++)
            lat_buf_printf(p->out, "%s%llu", i ? ", " : " ",
                           (unsigned long long)seeds[i]);
        lat_buf_puts(p->out, " |\n");
    }
}

static void put_page(const struct page *p)
{
    lat_buf_printf(p->out,
                   "# %s\n\n%s\n\nMade by `latent reproduce %s%s "
                   "Mean ± standard deviation over seeds where there "
                   "is more than one; `runs/` has each run with its "
                   "recipe, setting and the digest of its data.\n",
                   p->table->title, p->table->text, p->table->name,
                   cli_found_quick(p->found)
                       ? " --quick`: too few steps and windows for a result, "
                         "enough to see the command at work."
                       : "`.");
    for (const struct cli_section *s = p->table->sections; s->title; s++)
        put_section(p, s);
    lat_buf_puts(p->out, "\n## Plots\n\n");
    for (const struct cli_plot *g = p->table->plots; g->file; g++)
        lat_buf_printf(p->out, "![%s](%s)\n\n", g->title, g->file);
    put_rows(p);
}

/* ---- files ---- */

static enum lat_code write(const struct lat_buf *b, const char *dir,
                           const char *file, struct lat_err *err)
{
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s", dir, file);
    if (b->failed)
        return lat_fail(err, LAT_ENOMEM, "%s", path);
    return lat_file_write(path, b->v, b->len, err);
}

enum lat_code cli_page_write(const struct cli_table *table, const char *dir,
                             struct lat_err *err)
{
    struct cli_found *found = NULL;
    struct lat_buf b = {0};
    enum lat_code code = cli_found_read(&found, table, dir, err);

    if (!code) {
        cli_found_print(&b, found);
        code = write(&b, dir, "results.json", err);
    }
    if (!code) {
        b.len = 0;
        put_page(&(struct page){table, found, &b});
        code = write(&b, dir, "table.md", err);
    }
    for (const struct cli_plot *g = table->plots; !code && g->file; g++) {
        b.len = 0;
        cli_plot_found(&b, found, g);
        code = write(&b, dir, g->file, err);
    }
    lat_buf_fini(&b);
    cli_found_free(found);
    return code;
}
