/* explain_signal.c - the partitions of a recording's latent, as bars. */
#include "explain.h"

#include "picture.h"

#include <math.h>
#include <string.h>

static const char *const colours[LAT_N_BLOCKS] = {"var(--inv)", "var(--var)",
                                                  "var(--free)"};
static const char *const meanings[LAT_N_BLOCKS] = {
    "the same under what the model was taught to ignore",
    "follows what changes", "may do either"};

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
    return e->partitioned ? lat_block_name((enum lat_block)i) : "latent";
}

static double norm(const float *z, struct lat_range r)
{
    double sum = 0.0;

    for (size_t i = r.begin; i < r.end; i++)
        sum += (double)z[i] * (double)z[i];
    return sqrt(sum);
}

/* ---- as text ---- */

static void put_table(struct lat_buf *b, const struct cli_embeddings *e,
                      const char *path)
{
    const float *z = e->items[0].z;

    lat_buf_printf(b, "%s by %s\n\n%-10s %10s %8s   %s\n", path, e->model,
                   "part", "dimensions", "norm", "largest");
    for (size_t i = 0; i < n_parts(e); i++) {
        struct lat_range r = part(e, i);
        size_t at = r.begin;

        for (size_t k = r.begin; k < r.end; k++)
            at = fabsf(z[k]) > fabsf(z[at]) ? k : at;
        lat_buf_printf(b, "%-10s %4zu -%4zu %8.4f", part_name(e, i), r.begin,
                       r.end, norm(z, r));
        if (r.end > r.begin)
            lat_buf_printf(b, "   %zu: %.4f", at, (double)z[at]);
        lat_buf_puts(b, "\n");
    }
}

static void put_json(struct lat_buf *b, const struct cli_embeddings *e,
                     const char *path)
{
    const float *z = e->items[0].z;

    lat_buf_puts(b, "{\"object\": \"explanation\", \"model\": ");
    cli_put_string(b, e->model);
    lat_buf_puts(b, ", \"file\": ");
    cli_put_string(b, path);
    lat_buf_printf(b, ", \"dimensions\": %zu, \"window\": ", e->dims);
    if (e->items[0].end)
        lat_buf_printf(b, "{\"start\": %zu, \"end\": %zu}", e->items[0].begin,
                       e->items[0].end);
    else
        lat_buf_puts(b, "null");
    lat_buf_puts(b, ", \"partitions\": {");
    for (size_t i = 0; i < n_parts(e); i++) {
        struct lat_range r = part(e, i);

        lat_buf_printf(b, "%s\n  \"%s\": {\"range\": [%zu, %zu], \"norm\": ",
                       i ? "," : "", part_name(e, i), r.begin, r.end);
        cli_put_float(b, (float)norm(z, r));
        lat_buf_puts(b, ", \"values\": ");
        cli_put_floats(b, z + r.begin, r.end - r.begin);
        lat_buf_puts(b, "}");
    }
    lat_buf_puts(b, "\n}}\n");
}

/* ---- as a page ---- */

static void put_bars(struct lat_buf *b, const struct cli_embeddings *e,
                     size_t i, double most)
{
    struct lat_range r = part(e, i);
    const float *z = e->items[0].z;
    double wide = 1000.0 / fmax((double)(r.end - r.begin), 1.0);

    lat_buf_printf(b,
                   "<svg viewBox=\"0 0 1000 120\" role=\"img\" aria-label=\""
                   "%s\">",
                   part_name(e, i));
    for (size_t k = r.begin; k < r.end; k++) {
        double h = most > 0.0 ? 56.0 * fabs((double)z[k]) / most : 0.0;

        lat_buf_printf(b,
                       "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" height=\""
                       "%.2f\" fill=\"%s\"><title>%zu: %.4f</title></rect>",
                       (double)(k - r.begin) * wide,
                       z[k] > 0.0f ? 60.0 - h : 60, wide * 0.82, h,
                       colours[e->partitioned ? i : 0], k, (double)z[k]);
    }
    lat_buf_puts(b, "<line x1=\"0\" x2=\"1000\" y1=\"60\" y2=\"60\" "
                    "stroke=\"var(--soft)\" stroke-width=\".7\"/></svg>");
}

static void put_page(struct lat_buf *b, const struct cli_embeddings *e,
                     const char *path)
{
    const char *slash = strrchr(path, '/');
    const float *z = e->items[0].z;
    double most = 0.0;

    for (size_t k = 0; k < e->dims; k++)
        most = fmax(most, fabs((double)z[k]));
    cli_put_page(b, slash ? slash + 1 : path);
    lat_buf_puts(b, "<body>\n<main>\n<header><div><h1>");
    cli_put_html(b, slash ? slash + 1 : path);
    lat_buf_puts(b, "</h1><p>");
    cli_put_html(b, e->model);
    lat_buf_puts(b, "</p><div class=\"facts\">");
    for (size_t i = 0; i < n_parts(e); i++)
        lat_buf_printf(b, "<span><b>%.3f</b>norm, %s</span>",
                       norm(z, part(e, i)), part_name(e, i));
    lat_buf_puts(b, "</div></div></header>\n");
    for (size_t i = 0; i < n_parts(e); i++) {
        struct lat_range r = part(e, i);

        lat_buf_printf(b, "<section><h2>%s</h2>", part_name(e, i));
        put_bars(b, e, i, most);
        lat_buf_printf(b,
                       "<div class=\"key\">dimensions %zu to %zu%s%s</div>"
                       "</section>\n",
                       r.begin, r.end ? r.end - 1 : 0,
                       e->partitioned ? ": " : "",
                       e->partitioned ? meanings[i] : "");
    }
    lat_buf_puts(b, "</main>\n</body>\n</html>\n");
}

enum lat_code cli_explain_signal(struct lat_buf *text, struct lat_buf *html,
                                 const struct cli_explain_ask *ask,
                                 const char *path, struct lat_err *err)
{
    struct cli_local *local = NULL;
    struct cli_embeddings e = {0};
    enum lat_code code = cli_local_open(&local, &ask->asked, err);

    if (!code)
        code = cli_local_embed(local, &ask->asked, path, 0, &e, err);
    if (!code && ask->json)
        put_json(text, &e, path);
    else if (!code)
        put_table(text, &e, path);
    if (!code && ask->html)
        put_page(html, &e, path);
    cli_embeddings_fini(&e);
    cli_local_close(local);
    return code;
}
