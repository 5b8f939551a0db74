/*
 * reproduce_plot.c - lines over a list, as SVG: the mean over seeds, in a band
 * of one standard deviation, each named at its right end.
 */
#include "reproduce.h"

#include <math.h>

enum {
    WIDTH = 846,
    HEIGHT = 492,
    LEFT = 64,
    RIGHT = 216,
    TOP = 60,
    BOTTOM = 56,
    LABEL_GAP = 17,
    TICKS_MAX = 7,
    INNER_W = WIDTH - LEFT - RIGHT,
    INNER_H = HEIGHT - TOP - BOTTOM,
    LINES_MAX = 16,
};

/* Told apart by people who see red and green alike (Okabe and Ito). */
static const char *const colours[] = {"#0072b2", "#d55e00", "#009e73",
                                      "#cc79a7", "#e69f00", "#56b4e9",
                                      "#333333", "#999999"};
static const char *const dashes[] = {"none", "6 4"};

enum { N_COLOURS = sizeof(colours) / sizeof(*colours) };

struct drawing {
    struct lat_buf *b;
    const struct cli_found *f;
    const struct cli_plot *p;
    double x_from, x_to;
};

static double x_of(const struct drawing *d, double x)
{
    return LEFT + (x - d->x_from) / (d->x_to - d->x_from) * INNER_W;
}

static double y_of(const struct drawing *d, double y)
{
    double from = d->p->y_from, to = d->p->y_to;

    y = fmin(fmax(y, from), to);
    return TOP + (to - y) / (to - from) * INNER_H;
}

/* A run's, whatever part of it is drawn. */
static struct cli_mean x_item(const struct drawing *d,
                              const struct cli_line *line, size_t i)
{
    const struct cli_line whole = {.row = line->row};

    return cli_found_item(d->f, &whole, d->p->x, i);
}

static void find_range(struct drawing *d)
{
    struct cli_mean x;

    d->x_from = INFINITY;
    d->x_to = -INFINITY;
    for (const struct cli_line *l = d->p->lines; l->label; l++)
        for (size_t i = 0; (x = x_item(d, l, i)).n > 0; i++) {
            d->x_from = fmin(d->x_from, x.mean);
            d->x_to = fmax(d->x_to, x.mean);
        }
    if (d->x_to <= d->x_from) {
        d->x_from = 0.0;
        d->x_to = 1.0;
    }
}

/* First and last multiple of step in a range, in steps. */
static double first_of(double from, double step)
{
    return ceil(from / step - 1e-6);
}

static double last_of(double to, double step)
{
    return floor(to / step + 1e-6);
}

/* The smallest round number that makes few ticks.  Threes and sixes are for
 * degrees and the like: where they meet both ends. */
static double tick_step(double from, double to)
{
    static const double round[] = {1, 2, 3, 5, 6};
    double ten = pow(10.0, floor(log10((to - from) / TICKS_MAX)));

    for (;; ten *= 10.0)
        for (size_t i = 0; i < sizeof(round) / sizeof(*round); i++) {
            double step = round[i] * ten;
            double first = first_of(from, step), last = last_of(to, step);
            bool meets = fabs(first * step - from) + fabs(last * step - to) <
                         1e-6 * step;

            if (last - first < TICKS_MAX && (meets || i % 2 == 1 || i == 0))
                return step;
        }
}

static void put_y_axis(const struct drawing *d)
{
    double step = tick_step(d->p->y_from, d->p->y_to);

    for (double i = first_of(d->p->y_from, step);
         i <= last_of(d->p->y_to, step); i++)
        lat_buf_printf(d->b,
                       "<path d=\"M%d %.1fh%d\" stroke=\"#e4e4e4\"/>\n"
                       "<text x=\"%d\" y=\"%.1f\" fill=\"#555\" "
                       "text-anchor=\"end\">%.3g</text>\n",
                       LEFT, y_of(d, i * step), INNER_W, LEFT - 9,
                       y_of(d, i * step) + 4.5, i * step + 0.0);
}

static void put_x_axis(const struct drawing *d)
{
    double step = tick_step(d->x_from, d->x_to);

    for (double i = first_of(d->x_from, step); i <= last_of(d->x_to, step); i++)
        lat_buf_printf(d->b,
                       "<path d=\"M%.1f %dv5\" stroke=\"#999\"/>\n"
                       "<text x=\"%.1f\" y=\"%d\" fill=\"#555\" "
                       "text-anchor=\"middle\">%.4g</text>\n",
                       x_of(d, i * step), TOP + INNER_H, x_of(d, i * step),
                       TOP + INNER_H + 20, i * step + 0.0);
    lat_buf_printf(d->b,
                   "<text x=\"%.1f\" y=\"%d\" fill=\"#555\" "
                   "text-anchor=\"middle\">%s</text>\n",
                   LEFT + INNER_W / 2.0, HEIGHT - 14, d->p->x_title);
}

static void put_band(const struct drawing *d, const struct cli_line *l,
                     const char *colour)
{
    struct cli_mean y;
    size_t n = 0;

    if (cli_found_item(d->f, l, d->p->y, 0).n < 2)
        return;
    lat_buf_printf(d->b, "<path fill=\"%s\" fill-opacity=\"0.15\" d=\"",
                   colour);
    for (; (y = cli_found_item(d->f, l, d->p->y, n)).n > 0; n++)
        lat_buf_printf(d->b, "%c%.1f %.1f", n ? 'L' : 'M',
                       x_of(d, x_item(d, l, n).mean), y_of(d, y.mean + y.sd));
    while (n-- > 0) {
        y = cli_found_item(d->f, l, d->p->y, n);
        lat_buf_printf(d->b, "L%.1f %.1f", x_of(d, x_item(d, l, n).mean),
                       y_of(d, y.mean - y.sd));
    }
    lat_buf_puts(d->b, "Z\"/>\n");
}

static void put_curve(const struct drawing *d, const struct cli_line *l,
                      size_t style)
{
    const char *colour = colours[style % N_COLOURS];
    struct cli_mean y;

    put_band(d, l, colour);
    lat_buf_printf(d->b,
                   "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" "
                   "stroke-linejoin=\"round\" stroke-dasharray=\"%s\" d=\"",
                   colour, dashes[style / N_COLOURS % 2]);
    for (size_t i = 0; (y = cli_found_item(d->f, l, d->p->y, i)).n > 0; i++)
        lat_buf_printf(d->b, "%c%.1f %.1f", i ? 'L' : 'M',
                       x_of(d, x_item(d, l, i).mean), y_of(d, y.mean));
    lat_buf_puts(d->b, "\"/>\n");
}

/* The last that a line has. */
static struct cli_mean end_of(const struct drawing *d, const struct cli_line *l)
{
    struct cli_mean end = {0}, y;

    for (size_t i = 0; (y = cli_found_item(d->f, l, d->p->y, i)).n > 0; i++)
        end = y;
    return end;
}

/* Sorted from above, each a gap below the one before at least, and moved up
 * again where the last falls off. */
static void put_names(const struct drawing *d, const struct cli_line **lines,
                      size_t n)
{
    double y[LINES_MAX], bottom = TOP + INNER_H;
    size_t order[LINES_MAX];

    for (size_t i = 0; i < n; i++) {
        size_t at = i;

        y[i] = y_of(d, end_of(d, lines[i]).mean);
        for (; at > 0 && y[order[at - 1]] > y[i]; at--)
            order[at] = order[at - 1];
        order[at] = i;
    }
    for (size_t i = 1; i < n; i++)
        y[order[i]] = fmax(y[order[i]], y[order[i - 1]] + LABEL_GAP);
    for (size_t i = n; i-- > 0;) {
        y[order[i]] = fmin(y[order[i]], bottom);
        bottom = y[order[i]] - LABEL_GAP;
    }
    for (size_t i = 0; i < n; i++)
        lat_buf_printf(d->b,
                       "<path d=\"M%d %.1fL%d %.1f\" stroke=\"%s\"/>\n"
                       "<text x=\"%d\" y=\"%.1f\" fill=\"%s\">%s</text>\n",
                       LEFT + INNER_W + 2, y_of(d, end_of(d, lines[i]).mean),
                       LEFT + INNER_W + 12, y[i], colours[i % N_COLOURS],
                       LEFT + INNER_W + 16, y[i] + 4.5, colours[i % N_COLOURS],
                       lines[i]->label);
}

void cli_plot_found(struct lat_buf *svg, const struct cli_found *f,
                    const struct cli_plot *plot)
{
    struct drawing d = {.b = svg, .f = f, .p = plot};
    const struct cli_line *lines[LINES_MAX];
    size_t n = 0;

    find_range(&d);
    for (const struct cli_line *l = plot->lines; l->label; l++)
        if (n < LINES_MAX && cli_found_item(f, l, plot->y, 0).n > 0)
            lines[n++] = l;
    lat_buf_printf(svg,
                   "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" "
                   "height=\"%d\" viewBox=\"0 0 %d %d\" "
                   "font-family=\"system-ui, sans-serif\" font-size=\"14\">\n"
                   "<rect width=\"100%%\" height=\"100%%\" fill=\"#fff\"/>\n"
                   "<text x=\"%d\" y=\"26\" font-size=\"17\" "
                   "font-weight=\"600\">%s</text>\n"
                   "<text x=\"%d\" y=\"46\" fill=\"#555\">%s</text>\n",
                   WIDTH, HEIGHT, WIDTH, HEIGHT, LEFT, plot->title, LEFT,
                   plot->subtitle);
    put_y_axis(&d);
    put_x_axis(&d);
    for (size_t i = 0; i < n; i++)
        put_curve(&d, lines[i], i);
    put_names(&d, lines, n);
    lat_buf_puts(svg, "</svg>\n");
}
