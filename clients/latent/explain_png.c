/*
 * explain_png.c - the contact sheet as one picture: a row for each dimension,
 * its number, value and gate on the left, its images on the right.
 *
 * Letters are three dots by five, of our own drawing: there is no font.
 */
#include "explain.h"

#include <math.h>
#include <string.h>

enum {
    CELL = 72,  /* of an image */
    GAP = 8,    /* between them */
    LEFT = 190, /* where images begin */
    MARGIN = 20,
    HEAD = 150,
    ROW = CELL + 2 * GAP,
    DOT = 3,
};

struct ink {
    uint8_t v[3];
};

static const struct ink paper = {{255, 255, 255}}, black = {{27, 31, 36}},
                        soft = {{120, 130, 139}}, line = {{227, 230, 234}},
                        blue = {{0, 114, 178}}, violet = {{138, 99, 199}};

static void fill(struct lat_image *to, size_t x, size_t y, size_t w, size_t h,
                 struct ink ink)
{
    for (size_t j = y; j < y + h && j < to->height; j++)
        for (size_t i = x; i < x + w && i < to->width; i++)
            memcpy(to->v + (j * to->width + i) * 3, ink.v, 3);
}

/* ---- letters ---- */

/* Five rows from the top, three bits each. */
static const char alphabet[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ.-@%/";
static const char dots[][6] = {
    "75557", "26227", "71747", "71717", "55711", "74717", "74757",
    "71122", "75757", "75717", /* 0 - 9 */
    "25755", "65656", "34443", "65556", "74647", "74644", "34553",
    "55755", "72227", "11152", "55655", "44447", "57755", "65555",
    "25552", "65644", "25563", "65655", "34216", "72222", "55557",
    "55552", "55775", "55255", "55222", "71247", /* A - Z */
    "00002", "00700", "25743", "51245", "11244",
};

static void put_letter(struct lat_image *to, size_t x, size_t y, char c,
                       struct ink ink)
{
    const char *at;

    if (c >= 'a' && c <= 'z')
        c = (char)(c - 'a' + 'A');
    at = c ? strchr(alphabet, c) : NULL;
    for (size_t j = 0; at && j < 5; j++)
        for (size_t i = 0; i < 3; i++)
            if ((dots[at - alphabet][j] - '0') >> (2 - i) & 1)
                fill(to, x + i * DOT, y + j * DOT, DOT, DOT, ink);
}

static void put_text(struct lat_image *to, size_t x, size_t y, const char *s,
                     struct ink ink)
{
    for (; *s; s++, x += 4 * DOT)
        put_letter(to, x, y, *s, ink);
}

/* ---- pictures ---- */

static enum lat_code put_picture(struct lat_image *to, size_t x, size_t y,
                                 const struct lat_image *image, size_t side,
                                 struct lat_err *err)
{
    size_t s = image->width < image->height ? image->width : image->height;
    const struct lat_box middle = {(image->width - s) / 2,
                                   (image->height - s) / 2, s, s};
    struct lat_image *small = NULL;
    enum lat_code code =
        lat_image_resize(&small, image, &middle, side, side, LAT_BICUBIC, err);

    for (size_t j = 0; j < side && !code; j++)
        memcpy(to->v + ((y + j) * to->width + x) * 3, small->v + j * side * 3,
               side * 3);
    lat_image_free(small);
    return code;
}

/* ---- the sheet ---- */

static void put_bar(struct lat_image *to, size_t y, double share,
                    struct ink ink)
{
    size_t wide = LEFT - MARGIN - 30;

    fill(to, MARGIN, y, wide, 6, line);
    fill(to, MARGIN, y,
         (size_t)lrint((double)wide * fmin(fmax(share, 0.0), 1.0)), 6, ink);
}

static enum lat_code put_head(struct lat_image *to,
                              const struct cli_explained *e,
                              struct lat_err *err)
{
    const char *slash = strrchr(e->file, '/');
    char text[128];

    put_text(to, MARGIN + 130, MARGIN + 6, slash ? slash + 1 : e->file, black);
    put_text(to, MARGIN + 130, MARGIN + 34, e->model, soft);
    snprintf(text, sizeof(text), "%zu / %zu dimensions", e->n_reasons,
             e->card->dims);
    put_text(to, MARGIN + 130, MARGIN + 62, text, black);
    if (e->open) {
        snprintf(text, sizeof(text), "%.1f gates expected open", e->expected);
        put_text(to, MARGIN + 130, MARGIN + 90, text, soft);
    }
    return put_picture(to, MARGIN, MARGIN, e->image, 110, err);
}

static enum lat_code put_row(struct lat_image *to,
                             const struct cli_explained *e, size_t k, size_t y,
                             struct lat_err *err)
{
    const struct cli_reason *r = &e->reasons[k];
    enum lat_code code = LAT_OK;
    char text[64];

    fill(to, MARGIN, y, to->width - 2 * MARGIN, 1, line);
    snprintf(text, sizeof(text), "%zu", r->dim);
    put_text(to, MARGIN, y + 12, text, black);
    put_bar(to, y + 34,
            fabs((double)r->value) / fabs((double)e->reasons[0].value), blue);
    if (e->open)
        put_bar(to, y + 45, (double)r->open, violet);
    if (r->named) {
        snprintf(text, sizeof(text), "%.0f%% %.8s", r->share * 100.0, r->named);
        put_text(to, MARGIN, y + 61, text, soft);
    }
    for (size_t i = 0; i < r->n_best && !code; i++) {
        struct lat_image *image = NULL;

        code = lat_gallery_image(&image, e->gallery, r->best[i].image, 0, err);
        if (!code)
            code = put_picture(to, LEFT + i * (CELL + GAP), y + GAP, image,
                               CELL, err);
        lat_image_free(image);
    }
    return code;
}

enum lat_code cli_explain_png(struct lat_buf *b, const struct cli_explained *e,
                              const struct cli_explain_ask *ask,
                              struct lat_err *err)
{
    size_t rows = e->n_reasons < ask->dims ? e->n_reasons : (size_t)ask->dims;
    size_t per = ask->per < 5 ? 5 : (size_t)ask->per;
    struct lat_image *sheet = NULL;
    enum lat_code code =
        lat_image_new(&sheet, LEFT + per * (CELL + GAP) + MARGIN,
                      HEAD + rows * ROW + MARGIN, err);

    if (code)
        return code;
    fill(sheet, 0, 0, sheet->width, sheet->height, paper);
    code = put_head(sheet, e, err);
    for (size_t k = 0; k < rows && !code; k++)
        code = put_row(sheet, e, k, HEAD + k * ROW, err);
    if (!code)
        code = lat_png_encode(b, sheet, err);
    lat_image_free(sheet);
    return code;
}
