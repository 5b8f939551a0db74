/*
 * csv.h - tables of samples: a line of names, then a line for each sample.
 *
 * The separator is ; or , or a tab, whichever the first line has first in that
 * order.  A name may carry its unit: II (mV), II [mV], II_mV; so may a second
 * line of units.  A column named t, time, sample or the like is no channel;
 * where it is in seconds or milliseconds, it says the rate.  Nor is one named
 * label or activity.  An empty field, - and NaN are missing samples.
 */
#ifndef LAT_CSV_H
#define LAT_CSV_H

#include "../latent/signal.h"
#include "text.h"

enum { LAT_COLUMNS_MAX = LAT_CHANNELS_MAX + 1 };

struct lat__column {
    struct lat_channel channel;
    bool is_time;
    double seconds; /* of one unit of a time column; 0: not said */
};

struct lat__table {
    struct lat__lines lines;
    char separator;
    size_t n_columns;
    struct lat__column columns[LAT_COLUMNS_MAX];
    struct lat_err *err;
};

/* ---- fields -------------------------------------- formats/csv_names.c */

/* Takes a field and its separator from the front of line; what is in quotes is
 * not looked into.  False when there is none left: line->p is then NULL. */
bool lat__csv_field(const struct lat__table *t, struct lat__span *line,
                    struct lat__span *field);
/* Without the quotes around it, of either kind. */
struct lat__span lat__csv_unquote(struct lat__span s);
bool lat__csv_missing(struct lat__span s);
/* Reads what stands before the first sample into columns. */
LAT_MUST_CHECK enum lat_code lat__csv_names(struct lat__table *t,
                                            const struct lat_hints *hints);

#endif
