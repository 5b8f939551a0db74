/* plot.h - an evaluation as a picture. */
#ifndef CLI_PLOT_H
#define CLI_PLOT_H

#include "cli.h"

/* S_b(D) over the shift D, a line for each row, as SVG. */
void cli_plot_eval(struct lat_buf *svg, const struct lat_eval *e,
                   const char *model);

#endif
