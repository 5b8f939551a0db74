/*
 * activity.h - what people did: samples of one set of sensors, and the
 * stretches in which one user did one thing.
 *
 * The samples of a stretch follow one another without a gap, so a window cut
 * within it never crosses a change of user, activity or recording, nor a place
 * where samples were lost.  What no stretch has is not labelled.
 */
#ifndef LAT_ACTIVITY_H
#define LAT_ACTIVITY_H

#include "../latent/model.h"

struct lat__stretch {
    unsigned user;
    unsigned activity; /* of names */
    size_t begin, n;   /* samples */
};

/* Why a record of a WISDM file was left out. */
enum lat__skip {
    LAT_SKIP_FIELDS,   /* not six fields */
    LAT_SKIP_EMPTY,    /* one of them is empty */
    LAT_SKIP_NUMBER,   /* not a number where one should be */
    LAT_SKIP_ACTIVITY, /* of no known name */
    LAT_SKIP_TIME,     /* time stamp 0 */
    LAT_N_SKIPS
};

const char *lat__skip_text(enum lat__skip s);

struct lat__activities {
    struct lat_signal *signal; /* acc_x acc_y acc_z, gyro_x gyro_y gyro_z */
    size_t n_names;
    const char *const *names; /* of activities, constants */
    size_t n_stretches;
    struct lat__stretch *stretches;
    size_t skipped[LAT_N_SKIPS];    /* records … */
    size_t first_line[LAT_N_SKIPS]; /* … and where the first of them was */
    size_t n_gaps; /* where time jumped, within one user and activity */
};

void lat__activities_free(struct lat__activities *a);

/* ---- made sample by sample ------------------------ formats/activity.c */

struct lat__activity_maker {
    size_t n_channels;
    struct lat_buf rows;      /* of n_channels floats */
    struct lat_buf stretches; /* of struct lat__stretch */
};

size_t lat__maker_samples(const struct lat__activity_maker *m);
void lat__maker_sample(struct lat__activity_maker *m, const float *row);
/* The stretch need not be there yet. */
void lat__maker_stretch(struct lat__activity_maker *m,
                        const struct lat__stretch *s);
/* Adds the last sample to the last stretch, or to a new one. */
void lat__maker_extend(struct lat__activity_maker *m, unsigned user,
                       unsigned activity, bool anew);
/* Channels and stretches in a thing of its own; LAT_EFORMAT when there is no
 * sample. */
LAT_MUST_CHECK enum lat_code lat__maker_take(struct lat__activities **out,
                                             struct lat__activity_maker *m,
                                             const char *acc_unit,
                                             struct lat_err *err);
void lat__maker_fini(struct lat__activity_maker *m);

/* A file of the folder; blob->data is the caller's to lat_free. */
LAT_MUST_CHECK enum lat_code lat__blob_read(struct lat_blob *blob,
                                            const char *dir, const char *name,
                                            struct lat_err *err);

/* ---- WISDM v1.1 ------------------------------------ formats/wisdm.c */

/* user,activity,time,x,y,z; at 20 Hz, in m/s2.  Whatever cannot be read is
 * left out, counted, and ends the stretch. */
LAT_MUST_CHECK enum lat_code lat__wisdm_decode(struct lat__activities **out,
                                               const struct lat_blob *file,
                                               struct lat_err *err);

/* ---- HAPT ------------------------------------------- formats/hapt.c */

enum { LAT_HAPT_ACTIVITIES = 12 };

extern const char *const lat__hapt_names[LAT_HAPT_ACTIVITIES];

/* A folder's data set, of either form: hapt_i16.npy with its two tables, or
 * labels.txt with the text files that it names.  g, rad/s; 50 Hz. */
LAT_MUST_CHECK enum lat_code lat__hapt_read(struct lat__activities **out,
                                            const char *dir,
                                            struct lat_err *err);
/* The compact form: samples (n, 6) of 16 bits. */
LAT_MUST_CHECK enum lat_code lat__hapt_decode(
    struct lat__activities **out, const struct lat_blob *samples,
    const struct lat_blob *experiments, const struct lat_blob *segments,
    struct lat_err *err);

/* ---- HAPT as it was published ------------------- formats/hapt_raw.c */

struct lat__hapt_label {          /* a line of labels.txt */
    unsigned exp, user, activity; /* activity from 0 */
    size_t begin, n;              /* samples of the experiment */
};

/* *labels (*n) in the order of the file, the caller's to lat_free. */
LAT_MUST_CHECK enum lat_code lat__hapt_labels_parse(
    struct lat__hapt_label **labels, size_t *n, const struct lat_blob *file,
    struct lat_err *err);
/* An experiment's samples, "x y z" a line in each of both files. */
LAT_MUST_CHECK enum lat_code lat__hapt_raw_decode(struct lat__activity_maker *m,
                                                  const struct lat_blob *acc,
                                                  const struct lat_blob *gyro,
                                                  struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__hapt_raw_read(struct lat__activities **out,
                                                const char *dir,
                                                struct lat_err *err);

#endif
