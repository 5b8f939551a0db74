/*
 * signal.h - recordings: from files and arrays to samples, and made up.
 *
 * A signal is what was measured: named channels in physical units at one
 * sampling rate.  It belongs to one thread at a time.  A sample that is not
 * there (a format's "invalid" value, JSON null, NaN) is NaN: missing, never a
 * spike.
 */
#ifndef LATENT_SIGNAL_H
#define LATENT_SIGNAL_H

#include "base.h"

enum {
    LAT_NAME_MAX = 32, /* of a channel, with its NUL */
    LAT_UNIT_MAX = 16,
    LAT_CHANNELS_MAX = 64,
};

struct lat_channel {
    char name[LAT_NAME_MAX]; /* as the recording calls it */
    char unit[LAT_UNIT_MAX]; /* mV, uV, V, g, m/s2, rad/s, deg/s */
};

struct lat_signal {
    double rate_hz;
    size_t n_channels, n_samples;
    struct lat_channel *channels;
    float *v; /* (channels, samples), channel after channel */
};

/* What the sender says of data that does not say it itself.  A zero or NULL
 * means not said; nothing is guessed from it. */
struct lat_hints {
    double rate_hz;
    const char *unit;     /* of every channel */
    const char *channels; /* names with commas between */
    bool channels_first;  /* NPY: (channels, samples) rather than its mirror */
};

struct lat_blob {
    const char *name; /* a file's name, without its folder */
    const void *data;
    size_t len;
};

/* ---- a signal --------------------------------------- signal/signal.c */

/* Zeroed samples; names and units are the caller's to fill in. */
LAT_MUST_CHECK enum lat_code lat_signal_new(struct lat_signal **out,
                                            size_t n_channels, size_t n_samples,
                                            struct lat_err *err);
void lat_signal_free(struct lat_signal *sig);

/* ---- units and names ---------------------------------- signal/units.c */

/* What to multiply by to go from one unit to another of its family (V mV uV;
 * g m/s2; rad/s deg/s).  LAT_EUNFIT, "unknown_unit", across families. */
LAT_MUST_CHECK enum lat_code lat_unit_factor(double *factor, const char *from,
                                             const char *to,
                                             struct lat_err *err);
/* Whether two names mean the same lead or axis, by the table of aliases (MLII
 * and II, accX and acc_x); letters in either case. */
bool lat_channel_same(const char *a, const char *b);

/* ---- formats -------------------------------------------------- formats/ */

/* A WFDB record: header (.hea) and the signal files that it names, looked up
 * by name in files.  Formats 16, 24, 32, 61, 80, 160, 212, 310, 311.  Where
 * header and data disagree (length, first values, checksums), LAT_EFORMAT. */
LAT_MUST_CHECK enum lat_code lat_wfdb_decode(struct lat_signal **out,
                                             const struct lat_blob *header,
                                             const struct lat_blob *files,
                                             size_t n_files,
                                             struct lat_err *err);
/* (samples, channels) with a line of names, rate and unit from the hints.  A
 * name may carry its unit, as "II (mV)" or II_mV, and a column t_s or time_ms
 * the rate; what nobody says stays empty or 0, and lat_prepare refuses it. */
LAT_MUST_CHECK enum lat_code lat_csv_decode(struct lat_signal **out,
                                            const struct lat_blob *file,
                                            const struct lat_hints *hints,
                                            struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat_npy_decode(struct lat_signal **out,
                                            const struct lat_blob *file,
                                            const struct lat_hints *hints,
                                            struct lat_err *err);
/* EDF and EDF+ without interruptions; annotations are skipped.  Signals of
 * different rates are brought to the highest, within 256 times. */
LAT_MUST_CHECK enum lat_code lat_edf_decode(struct lat_signal **out,
                                            const struct lat_blob *file,
                                            struct lat_err *err);
/* The file at path by its ending: .hea (or a record's name without it, with
 * its signal files beside it), .csv, .npy, .edf. */
LAT_MUST_CHECK enum lat_code lat_signal_read(struct lat_signal **out,
                                             const char *path,
                                             const struct lat_hints *hints,
                                             struct lat_err *err);
/* Writes DIR/NAME.hea and DIR/NAME.dat, format 16, 1000 units per mV. */
LAT_MUST_CHECK enum lat_code lat_wfdb_write(const struct lat_signal *sig,
                                            const char *dir, const char *name,
                                            struct lat_err *err);
void lat_csv_encode(struct lat_buf *out, const struct lat_signal *sig);

/* An event of a WFDB record (.atr), as R peaks that were marked by hand. */
struct lat_annotation {
    size_t sample;
    unsigned code; /* of the format, not 0 */
    char symbol;   /* as N V / +; a blank where the code has none */
};

/* *out (*n) is the caller's to lat_free. */
LAT_MUST_CHECK enum lat_code lat_wfdb_annotations(struct lat_annotation **out,
                                                  size_t *n,
                                                  const struct lat_blob *file,
                                                  struct lat_err *err);
/* N S V F Q, the classes of beats of ANSI/AAMI EC57; 0 for what is no beat. */
char lat_aami_class(char symbol);

/* ---- a made-up ECG ------------------------------------ signal/synth.c */

/* The dynamical model of McSharry, Clifford, Tarassenko and Smith (IEEE TBME
 * 50(3), 2003): a limit cycle with a Gaussian for each of P Q R S T. */
struct lat_synth {
    double rate_hz, seconds;
    double bpm, bpm_sd; /* heart rate and its variability (low and high
                           frequency peaks, as in the paper) */
    double noise_mv;    /* standard deviation of white noise */
    double wander_mv;   /* amplitude of baseline wander at breathing rate */
    const char *leads;  /* from I II III V1 V2 V5, with commas between */
    uint64_t seed;      /* also the person: shapes of the waves vary with it */
};

struct lat_synth lat_synth_defaults(void); /* 360 Hz, 60 s, 60 bpm, lead II */
LAT_MUST_CHECK enum lat_code lat_synth_ecg(struct lat_signal **out,
                                           const struct lat_synth *spec,
                                           struct lat_err *err);

#endif
