/*
 * wfdb.h - the parts of a WFDB record: header, sample formats.
 *
 * After the WFDB Applications Guide, header(5) and signal(5).
 */
#ifndef LAT_WFDB_H
#define LAT_WFDB_H

#include "../latent/signal.h"

/* ---- sample formats ---------------------------- formats/wfdb_format.c */

/* Samples are packed so many in a block of so many bytes. */
struct lat__wfdb_format {
    int number;        /* as headers call it */
    unsigned pack;     /* samples of a block */
    unsigned bytes[4]; /* that the first 0 … pack samples of a block take */
    int32_t invalid;   /* stands for no sample */
    int32_t (*get)(const uint8_t *data, size_t i); /* the i-th sample */
};

/* NULL when we do not read it. */
const struct lat__wfdb_format *lat__wfdb_format(int64_t number);
/* Whole samples in len bytes. */
size_t lat__wfdb_samples(const struct lat__wfdb_format *f, size_t len);

/* ---- headers ----------------------------------- formats/wfdb_header.c */

struct lat__wfdb_channel {
    struct lat_channel channel;
    char file[64];
    const struct lat__wfdb_format *format;
    size_t per_frame; /* samples of a frame */
    size_t skew;      /* frames that the file runs behind */
    size_t offset;    /* bytes before the first sample */
    double gain;      /* per unit; 0: uncalibrated */
    int64_t baseline; /* the value of 0 units */
    bool has_initial, has_checksum;
    int64_t initial, checksum; /* of the stored values */
};

struct lat__wfdb_header {
    double rate_hz; /* of frames; 0: not said */
    bool has_frames;
    size_t n_frames;
    size_t n_channels;
    struct lat__wfdb_channel channels[LAT_CHANNELS_MAX];
};

/* The caller's to lat_free. */
LAT_MUST_CHECK enum lat_code lat__wfdb_header_parse(
    struct lat__wfdb_header **out, const struct lat_blob *file,
    struct lat_err *err);

#endif
