/*
 * plot.c - S_b(D) as SVG: one line per row, named at its right end.
 *
 * The model's blocks are drawn strong and in colour, what needs no learning
 * thin and grey, so that the eye finds the invariant first.
 */
#include "plot.h"

#include <math.h>

enum {
    WIDTH = 846,
    HEIGHT = 492,
    LEFT = 64,
    RIGHT = 176,
    TOP = 78,
    BOTTOM = 56,
    LABEL_GAP = 17, /* between names at the right end */
    INNER_W = WIDTH - LEFT - RIGHT,
    INNER_H = HEIGHT - TOP - BOTTOM,
};

/* Colours that are told apart by people who see red and green alike (Okabe and
 * Ito), and dashes for those who print. */
static const struct {
    const char *name, *colour, *dash;
    double width;
} style[LAT_N_ROWS] = {
    [LAT_ROW_INV] = {"invariant", "#0072b2", "none", 3.0},
    [LAT_ROW_VAR] = {"variant", "#d55e00", "none", 2.4},
    [LAT_ROW_FREE] = {"free", "#009e73", "none", 2.4},
    [LAT_ROW_ALL] = {"all", "#333333", "none", 1.6},
    [LAT_ROW_RAW] = {"raw samples", "#777777", "5 4", 1.4},
    [LAT_ROW_SPECTRUM] = {"spectrum", "#777777", "1.5 3", 1.8},
    [LAT_ROW_HANN] = {"Hann spectrum", "#777777", "7 3 1.5 3", 1.4},
};

struct frame {
    double x_max, y_min, y_max;
};

static double x_of(const struct frame *f, double ms)
{
    return LEFT + ms / f->x_max * INNER_W;
}

static double y_of(const struct frame *f, double s)
{
    return TOP + (f->y_max - s) / (f->y_max - f->y_min) * INNER_H;
}

/* From 1 down to the step of 0.2 below what is lowest. */
static struct frame frame_of(const struct lat_eval *e)
{
    struct frame f = {.x_max = 1.0, .y_min = 0.0, .y_max = 1.0};

    for (size_t i = 0; i < e->n_shifts; i++) {
        f.x_max = fmax(f.x_max, e->shift_ms[i]);
        for (int r = 0; r < LAT_N_ROWS; r++)
            if (e->rows[r].present)
                f.y_min = fmin(f.y_min, e->rows[r].curve[i]);
    }
    f.y_min = floor(f.y_min * 5.0) / 5.0;
    return f;
}

static void put_axes(struct lat_buf *b, const struct frame *f)
{
    double right = LEFT + INNER_W;

    lat_buf_puts(b, "<g stroke=\"#e4e4e4\">\n");
    for (double s = 1.0; s > f->y_min - 0.01; s -= 0.2)
        lat_buf_printf(b, "<path d=\"M%d %.1fH%.1f\"%s/>\n", LEFT, y_of(f, s),
                       right, fabs(s) < 0.01 ? " stroke=\"#999\"" : "");
    lat_buf_puts(b, "</g>\n<g fill=\"#555\" text-anchor=\"end\">\n");
    for (double s = 1.0; s > f->y_min - 0.01; s -= 0.2)
        lat_buf_printf(b, "<text x=\"%d\" y=\"%.1f\">%.1f</text>\n", LEFT - 9,
                       y_of(f, s) + 4.5, fabs(s) < 0.01 ? 0.0 : s);
    lat_buf_puts(b, "</g>\n<g fill=\"#555\" text-anchor=\"middle\">\n");
    for (double ms = 0.0; ms <= f->x_max + 0.5; ms += 100.0)
        lat_buf_printf(b, "<text x=\"%.1f\" y=\"%d\">%.0f</text>\n",
                       x_of(f, ms), TOP + INNER_H + 20, ms);
    lat_buf_printf(b,
                   "<text x=\"%.1f\" y=\"%d\">shift D of the window / ms"
                   "</text>\n</g>\n",
                   LEFT + INNER_W / 2.0, HEIGHT - 14);
}

/* The range that is trained for, and the shift that the tables report. */
static void put_marks(struct lat_buf *b, const struct frame *f)
{
    if (f->x_max < 150.0)
        return;
    lat_buf_printf(b,
                   "<rect x=\"%d\" y=\"%d\" width=\"%.1f\" height=\"%d\" "
                   "fill=\"#f3f6f9\"/>\n",
                   LEFT, TOP, x_of(f, 150.0) - LEFT, INNER_H);
    lat_buf_printf(b,
                   "<path d=\"M%.1f %dV%d\" stroke=\"#b9c4cf\" "
                   "stroke-dasharray=\"3 3\"/>\n",
                   x_of(f, 75.0), TOP, TOP + INNER_H);
    for (double ms = 75.0; ms <= 150.0; ms += 75.0)
        lat_buf_printf(b,
                       "<text x=\"%.1f\" y=\"%d\" fill=\"#667\" "
                       "font-size=\"12\" text-anchor=\"middle\">%.0f ms"
                       "</text>\n",
                       x_of(f, ms), TOP - 7, ms);
}

static void put_curve(struct lat_buf *b, const struct frame *f,
                      const struct lat_eval *e, enum lat_row r)
{
    lat_buf_printf(b,
                   "<path fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\" "
                   "stroke-linejoin=\"round\" stroke-dasharray=\"%s\" d=\"",
                   style[r].colour, style[r].width, style[r].dash);
    for (size_t i = 0; i < e->n_shifts; i++)
        lat_buf_printf(b, "%c%.1f %.1f", i ? 'L' : 'M', x_of(f, e->shift_ms[i]),
                       y_of(f, e->rows[r].curve[i]));
    lat_buf_puts(b, "\"/>\n");
}

/* Names stand where their curves end, pushed apart where these meet: sorted
 * from above, each at least a gap below the one before, and all moved up again
 * when the last falls off the bottom. */
static int place_names(double *y, int *order, const struct frame *f,
                       const struct lat_eval *e)
{
    double bottom = TOP + INNER_H;
    int n = 0;

    for (int r = 0; r < LAT_N_ROWS; r++) {
        int at = n;

        if (!e->rows[r].present)
            continue;
        y[r] = y_of(f, e->rows[r].curve[e->n_shifts - 1]);
        for (; at > 0 && y[order[at - 1]] > y[r]; at--)
            order[at] = order[at - 1];
        order[at] = r;
        n++;
    }
    for (int i = 1; i < n; i++)
        y[order[i]] = fmax(y[order[i]], y[order[i - 1]] + LABEL_GAP);
    for (int i = n - 1; i >= 0; i--) {
        y[order[i]] = fmin(y[order[i]], bottom);
        bottom = y[order[i]] - LABEL_GAP;
    }
    return n;
}

static void put_name(struct lat_buf *b, const struct lat_eval *e, int r,
                     double end, double y)
{
    double x = LEFT + INNER_W;

    lat_buf_printf(b,
                   "<path d=\"M%.1f %.1fL%.1f %.1f\" stroke=\"%s\"/>\n"
                   "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\"%s>%s "
                   "%.2f</text>\n",
                   x + 2.0, end, x + 12.0, y, style[r].colour, x + 16.0,
                   y + 4.5, style[r].colour,
                   r == LAT_ROW_INV ? " font-weight=\"600\"" : "",
                   style[r].name, e->rows[r].at_75);
}

static void put_names(struct lat_buf *b, const struct frame *f,
                      const struct lat_eval *e)
{
    double y[LAT_N_ROWS];
    int order[LAT_N_ROWS], n = place_names(y, order, f, e);

    for (int i = 0; i < n; i++) {
        int r = order[i];

        put_name(b, e, r, y_of(f, e->rows[r].curve[e->n_shifts - 1]), y[r]);
    }
}

/* The name comes from a file: what XML would take for its own is left out. */
static void put_text(struct lat_buf *b, const char *s)
{
    for (; *s; s++)
        if ((unsigned char)*s >= ' ' && *s != '<' && *s != '&')
            lat_buf_put(b, s, 1);
}

void cli_plot_eval(struct lat_buf *svg, const struct lat_eval *e,
                   const char *model)
{
    struct frame f = frame_of(e);

    lat_buf_printf(svg,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
                   "height=\"%d\" viewBox=\"0 0 %d %d\" "
                   "font-family=\"system-ui, sans-serif\" font-size=\"14\">\n"
                   "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                   "<text x=\"%d\" y=\"28\" font-size=\"17\" "
                   "font-weight=\"600\">",
                   WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT);
    put_text(svg, model);
    lat_buf_printf(svg,
                   ": cosine of a window with itself, shifted</text>\n"
                   "<text x=\"%d\" y=\"49\" fill=\"#555\">%zu patients, "
                   "%zu windows; the numbers are S(75 ms)</text>\n",
                   LEFT, e->n_patients, e->n_windows);
    put_marks(svg, &f);
    put_axes(svg, &f);
    for (int r = LAT_N_ROWS; r-- > 0;)
        if (e->rows[r].present)
            put_curve(svg, &f, e, (enum lat_row)r);
    put_names(svg, &f, e);
    lat_buf_puts(svg, "</svg>\n");
}
