/* archive.h - what formats/archive.c unpacks and formats/entry.c reads. */
#ifndef LAT_ARCHIVE_H
#define LAT_ARCHIVE_H

#include "../latent/data.h"

struct lat_archive {
    size_t n;
    struct lat_blob *entries; /* sorted by name; names and data its own */
};

/* lat_archive_read of a file that is in memory. */
LAT_MUST_CHECK enum lat_code lat__archive_decode(
    struct lat_archive **out, const struct lat_blob *file,
    const struct lat_archive_limits *limits, struct lat_err *err);

/* A signal from bytes, by the ending of the name; not for headers. */
LAT_MUST_CHECK enum lat_code lat__signal_decode(struct lat_signal **out,
                                                const struct lat_blob *file,
                                                const struct lat_hints *hints,
                                                struct lat_err *err);

#endif
