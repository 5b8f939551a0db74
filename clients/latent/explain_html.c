/* explain_html.c - a contact sheet: a row for each dimension. */
#include "explain.h"

#include <math.h>
#include <string.h>

enum { THUMB = 96, LARGE = 336 };

/* As a PNG in a data URI, no larger than side. */
static enum lat_code put_picture(struct lat_buf *b,
                                 const struct lat_image *image, size_t side,
                                 struct lat_err *err)
{
    size_t w = image->width, h = image->height, s = w < h ? w : h;
    struct lat_image *small = NULL;
    struct lat_buf png = {0};
    enum lat_code code = LAT_OK;

    if (s > side) {
        w = w * side / s;
        h = h * side / s;
        code = lat_image_resize(&small, image, NULL, w, h, LAT_BICUBIC, err);
    }
    if (!code)
        code = lat_png_encode(&png, small ? small : image, err);
    if (!code) {
        lat_buf_puts(b, "<img alt=\"\" src=\"data:image/png;base64,");
        lat_base64_encode(b, png.v, png.len);
        lat_buf_puts(b, "\">");
    }
    lat_buf_fini(&png);
    lat_image_free(small);
    return code;
}

static void put_fact(struct lat_buf *b, const char *value, const char *what)
{
    lat_buf_printf(b, "<span><b>%s</b>%s</span>", value, what);
}

static void put_facts(struct lat_buf *b, const struct cli_explained *e)
{
    char text[64];

    lat_buf_puts(b, "<div class=\"facts\">");
    snprintf(text, sizeof(text), "%zu of %zu", e->n_reasons, e->card->dims);
    put_fact(b, text, "dimensions that are not 0");
    if (e->open) {
        snprintf(text, sizeof(text), "%.1f", e->expected);
        put_fact(b, text, "gates expected open");
        put_fact(b, lat_gate_mode_name(e->mode), "gates");
    }
    if (e->gallery) {
        snprintf(text, sizeof(text), "%zu", e->n_reference);
        put_fact(b, text, "images compared with");
    }
    lat_buf_puts(b, "</div>");
}

static enum lat_code put_head(struct lat_buf *b, const struct cli_explained *e,
                              struct lat_err *err)
{
    const char *slash = strrchr(e->file, '/');
    const char *name = slash ? slash + 1 : e->file;
    enum lat_code code;

    cli_put_page(b, name);
    lat_buf_puts(b, "<body>\n<main>\n<header>");
    code = put_picture(b, e->image, LARGE, err);
    lat_buf_puts(b, "<div><h1>");
    cli_put_html(b, name);
    lat_buf_puts(b, "</h1><p>");
    cli_put_html(b, e->model);
    lat_buf_puts(b, "</p>");
    put_facts(b, e);
    lat_buf_puts(b, "</div></header>\n");
    return code;
}

/* Every dimension as a line: its value upwards, its gate beneath. */
static void put_barcode(struct lat_buf *b, const struct cli_explained *e)
{
    size_t n = e->card->dims;
    double wide = 1000.0 / (double)n, most = 0.0;

    for (size_t i = 0; i < n; i++)
        most = fmax(most, fabs((double)e->z[i]));
    lat_buf_printf(b,
                   "<section><h2>The whole code</h2><svg viewBox=\"0 0 1000 "
                   "%d\" role=\"img\" aria-label=\"all dimensions\">",
                   e->open ? 92 : 72);
    for (size_t i = 0; i < n; i++) {
        double h = most > 0.0 ? 68.0 * fabs((double)e->z[i]) / most : 0.0;

        if (h > 0.0)
            lat_buf_printf(b,
                           "<rect x=\"%.2f\" y=\"%.2f\" width=\"%.2f\" "
                           "height=\"%.2f\" fill=\"var(--inv)\"><title>"
                           "dimension %zu: %.4f</title></rect>",
                           (double)i * wide, 70.0 - h, fmax(wide * 0.8, 1.2), h,
                           i, (double)e->z[i]);
        if (e->open)
            lat_buf_printf(b,
                           "<rect x=\"%.2f\" y=\"76\" width=\"%.2f\" "
                           "height=\"14\" fill=\"var(--gate)\" opacity=\""
                           "%.2f\"><title>gate %zu: %.3f</title></rect>",
                           (double)i * wide, wide * 0.86,
                           0.05 + 0.95 * (double)e->open[i], i,
                           (double)e->open[i]);
    }
    lat_buf_printf(b,
                   "<line x1=\"0\" x2=\"1000\" y1=\"70.5\" y2=\"70.5\" "
                   "stroke=\"var(--line)\"/></svg><div class=\"key\">Bars: "
                   "values%s</div></section>\n",
                   e->open ? "; beneath them each gate, the stronger the "
                             "surer it is open"
                           : "");
}

static void put_meter(struct lat_buf *b, const char *kind, const char *what,
                      double share, double value)
{
    lat_buf_printf(b,
                   "<div class=\"meter%s\">%s<i><u style=\"width:%.1f%%\"></u>"
                   "</i><output>%.3f</output></div>",
                   kind, what, 100.0 * fmin(fmax(share, 0.0), 1.0), value);
}

static void put_about(struct lat_buf *b, const struct cli_explained *e,
                      const struct cli_reason *r)
{
    lat_buf_printf(b, "<div class=\"about\">in %zu of %zu images", r->support,
                   e->n_reference);
    if (r->named) {
        lat_buf_printf(b, ",<br>%.0f&#8239;%% of them <b>", r->share * 100.0);
        cli_put_html(b, r->named);
        lat_buf_puts(b, "</b>");
    }
    lat_buf_puts(b, "</div>");
}

static enum lat_code put_strip(struct lat_buf *b, const struct cli_explained *e,
                               const struct cli_reason *r, struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    lat_buf_puts(b, "<div class=\"strip\">");
    for (size_t i = 0; i < r->n_best && !code; i++) {
        uint32_t label = lat_gallery_label(e->gallery, r->best[i].image);
        const char *named = lat_gallery_class(e->gallery, label);
        struct lat_image *image = NULL;

        code = lat_gallery_image(&image, e->gallery, r->best[i].image, 0, err);
        lat_buf_puts(b, "<figure>");
        if (!code)
            code = put_picture(b, image, THUMB, err);
        lat_buf_puts(b, "<figcaption><span>");
        cli_put_html(b, named ? named : "");
        lat_buf_printf(b, "</span><span>%.2f</span></figcaption></figure>",
                       (double)r->best[i].value);
        lat_image_free(image);
    }
    lat_buf_puts(b, "</div>");
    return code;
}

static enum lat_code put_row(struct lat_buf *b, const struct cli_explained *e,
                             const struct cli_reason *r, struct lat_err *err)
{
    double largest = fabs((double)e->reasons[0].value);
    enum lat_code code = LAT_OK;

    lat_buf_printf(b,
                   "<section%s><div><div class=\"dim\"><small>dimension"
                   "</small> %zu</div>",
                   e->gallery ? " class=\"row\"" : "", r->dim);
    put_meter(b, "", "value", fabs((double)r->value) / largest,
              (double)r->value);
    if (e->open)
        put_meter(b, " gate", "gate", (double)r->open, (double)r->open);
    if (e->gallery)
        put_about(b, e, r);
    lat_buf_puts(b, "</div>");
    if (e->gallery)
        code = put_strip(b, e, r, err);
    lat_buf_puts(b, "</section>\n");
    return code;
}

enum lat_code cli_explain_html(struct lat_buf *b, const struct cli_explained *e,
                               const struct cli_explain_ask *ask,
                               struct lat_err *err)
{
    enum lat_code code = put_head(b, e, err);
    size_t k = 0;

    if (e->n_reasons)
        put_barcode(b, e);
    else
        lat_buf_puts(b, "<section><h2>All gates are shut</h2><p>Nothing is "
                        "left of the code: it is the zero vector.</p>"
                        "</section>\n");
    for (; k < e->n_reasons && k < ask->dims && !code; k++)
        code = put_row(b, e, &e->reasons[k], err);
    if (k < e->n_reasons)
        lat_buf_printf(b, "<p>and %zu more dimensions</p>\n", e->n_reasons - k);
    lat_buf_puts(b, "</main>\n</body>\n</html>\n");
    return code;
}
