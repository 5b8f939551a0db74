/*
 * edf.h - the header of an EDF or EDF+ file.
 *
 * After Kemp and others (1992) and Kemp and Olivan (2003).  What is not
 * samples of one continuous stretch in 16 bits is refused by name: EDF+D, BDF.
 */
#ifndef LAT_EDF_H
#define LAT_EDF_H

#include "../latent/signal.h"

struct lat__edf_channel {
    struct lat_channel channel;
    size_t per_record;     /* samples of a data record */
    size_t offset;         /* bytes of a data record before them */
    double gain, offset_v; /* value = gain * digital + offset_v */
};

struct lat__edf_header {
    size_t bytes;        /* of the header */
    size_t record_bytes; /* of a data record, annotations and all */
    size_t n_records;
    double seconds;    /* of a data record */
    size_t n_channels; /* without annotations */
    struct lat__edf_channel channels[LAT_CHANNELS_MAX];
};

/* The caller's to lat_free. */
LAT_MUST_CHECK enum lat_code lat__edf_header_parse(struct lat__edf_header **out,
                                                   const struct lat_blob *file,
                                                   struct lat_err *err);

#endif
