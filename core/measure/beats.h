/* beats.h - the beats of a data set's records, as somebody marked them. */
#ifndef LAT_BEATS_H
#define LAT_BEATS_H

#include "../measure.h"

struct lat__beats {
    size_t n;
    size_t *at; /* (n): samples, rising */
    char *kind; /* (n): of EC57, N S V F Q */
};

/* One for each record of d, from DIR/NAME.atr; a record without it has none.
 * *out is the caller's to free by lat__beats_free. */
LAT_MUST_CHECK enum lat_code lat__beats_read(struct lat__beats **out,
                                             const struct lat_dataset *d,
                                             const char *dir,
                                             struct lat_err *err);
void lat__beats_free(struct lat__beats *b, size_t n_records);
/* Where sample at lies between its beats, 0 to 1; NaN before the first, after
 * the last, and where they are more than 3 s apart. */
double lat__beats_phase(const struct lat__beats *b, size_t at, double rate_hz);

#endif
