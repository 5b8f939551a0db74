/*
 * data.h - data to train on, as files: manifests, archives, and what lies in
 * them.
 *
 * A manifest has a line of JSON for each recording or image: where it is, whose
 * it is, what it shows.  It may name files that hold one, or archives of many.
 * Nothing of an archive touches the disk, so no name in it can lead anywhere.
 *
 * Each thing belongs to one thread at a time.
 */
#ifndef LATENT_DATA_H
#define LATENT_DATA_H

#include "train.h"

/* ---- what a file is ------------------------------------ formats/kind.c */

enum lat_file_kind {
    LAT_FILE_OTHER,
    LAT_FILE_MANIFEST, /* .jsonl */
    LAT_FILE_SIGNAL,   /* .csv .npy .edf */
    LAT_FILE_HEADER,   /* .hea, whose signal files lie beside it */
    LAT_FILE_IMAGE,    /* .png .jpg .jpeg */
    LAT_FILE_ARCHIVE,  /* .zip .tar .tar.gz .tgz */
};

/* By the ending of its name, in either case. */
enum lat_file_kind lat_file_kind(const char *name);
/* The endings that are known, for messages. */
const char *lat_file_endings(void);

/* ---- a report ----------------------------------------- formats/report.c */

enum { LAT_REPORT_ERRORS = 10, LAT_REASON_MAX = 240 };

/* What can be used of a file, and why the rest cannot. */
struct lat_report {
    size_t recordings, rejected;
    size_t subjects; /* of a manifest */
    size_t n_errors; /* the first few */
    struct lat_report_error {
        size_t line;     /* of a manifest, from 1; 0: not of a line */
        char entry[128]; /* of an archive, perhaps cut; or "" */
        char reason[LAT_REASON_MAX];
    } errors[LAT_REPORT_ERRORS];
};

/* Counts one more that cannot be used; entry may be NULL. */
void lat_report_reject(struct lat_report *r, size_t line, const char *entry,
                       const char *reason);

/* ---- archives ---------------------------------------- formats/archive.c */

struct lat_archive;

/* No more than that is unpacked. */
struct lat_archive_limits {
    uint64_t bytes;      /* of all entries together */
    size_t entries;      /* folders among them */
    const char *setting; /* what raises bytes, for the message; or NULL */
};

/* All entries of a zip or tar (plain or gzip) in memory.  The whole is refused
 * (LAT_EFORMAT) for an entry that is no plain file or folder, whose name leads
 * out of the archive or stands twice, or that is encrypted; LAT_ETOOBIG beyond
 * the limits, as soon as they are passed. */
LAT_MUST_CHECK enum lat_code lat_archive_read(
    struct lat_archive **out, const char *path,
    const struct lat_archive_limits *limits, struct lat_err *err);
void lat_archive_free(struct lat_archive *a);

/* Entries in the order of their names, which are with their folders. */
size_t lat_archive_count(const struct lat_archive *a);
const struct lat_blob *lat_archive_get(const struct lat_archive *a, size_t i);
/* NULL when there is none of that name. */
const struct lat_blob *lat_archive_find(const struct lat_archive *a,
                                        const char *name);
/* The signal of an entry, by its ending; a .hea, or the name of a record
 * without it, with the signal files beside it. */
LAT_MUST_CHECK enum lat_code lat_archive_signal(struct lat_signal **out,
                                                const struct lat_archive *a,
                                                const char *name,
                                                const struct lat_hints *hints,
                                                struct lat_err *err);

/* ---- manifests -------------------------------------- formats/manifest.c */

enum { LAT_LINES_MAX = 200000 };

struct lat_line {
    size_t number;     /* in the file, from 1 */
    char *file;        /* what it is in */
    char *entry;       /* of an archive; NULL: the file itself */
    char *subject;     /* whose it is; NULL: of an image, its own */
    char *label;       /* NULL: not known */
    size_t begin, end; /* samples, end not included; 0, 0: all */
    double rate_hz;    /* 0: the file says it */
    size_t n_channels; /* 0: the file says it */
    struct lat_channel *channels;
};

struct lat_manifest {
    size_t n;
    struct lat_line *lines; /* sorted by file, entry, segment */
    struct lat_report report;
};

/* Lines that are wrong are in the report and left out. */
LAT_MUST_CHECK enum lat_code lat_manifest_decode(struct lat_manifest **out,
                                                 const struct lat_blob *file,
                                                 struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat_manifest_read(struct lat_manifest **out,
                                               const char *path,
                                               struct lat_err *err);
void lat_manifest_free(struct lat_manifest *m);
/* What a line says that the kind of its file or entry does not go with: a
 * segment of an image, no subject of a signal.  NULL: nothing. */
const char *lat_line_wrong(const struct lat_line *line,
                           enum lat_file_kind kind);

/* ---- a shelf: what manifests name ---------------------- formats/shelf.c */

/* Where a file of a manifest is, and what it is called: its ending counts. */
struct lat_place {
    char path[4096];
    char name[256];
};

struct lat_shelf_options {
    LAT_MUST_CHECK enum lat_code (*find)(void *arg, const char *file,
                                         struct lat_place *out,
                                         struct lat_err *err);
    void *arg;
    struct lat_archive_limits limits;
};

struct lat_shelf;

LAT_MUST_CHECK enum lat_code lat_shelf_new(struct lat_shelf **out,
                                           const struct lat_shelf_options *opt,
                                           struct lat_err *err);
/* The recording of a line, whole: begin and end are not applied.  What the
 * line says of rate and channels must not contradict the file.  The archive
 * that was read last stays in memory. */
LAT_MUST_CHECK enum lat_code lat_shelf_signal(struct lat_signal **out,
                                              struct lat_shelf *s,
                                              const struct lat_line *line,
                                              struct lat_err *err);
/* What the line's file or entry is, by its name. */
LAT_MUST_CHECK enum lat_code lat_shelf_kind(enum lat_file_kind *out,
                                            const struct lat_shelf *s,
                                            const struct lat_line *line,
                                            struct lat_err *err);
/* The bytes of the line's file or entry, lent until the next line's; place is
 * where they lie on disk, and its path "" for an entry. */
LAT_MUST_CHECK enum lat_code lat_shelf_bytes(struct lat_blob *out,
                                             struct lat_place *place,
                                             struct lat_shelf *s,
                                             const struct lat_line *line,
                                             struct lat_err *err);
void lat_shelf_free(struct lat_shelf *s);

/* A find for files on disk: their names are paths, from the folder arg on
 * (a text); one that leads out of it is refused. */
LAT_MUST_CHECK enum lat_code lat_shelf_beside(void *arg, const char *file,
                                              struct lat_place *out,
                                              struct lat_err *err);

/* ---- looking into a file before it is used ----------- formats/inspect.c */

/* Decodes what the file at path (called name) holds and reports on it: the
 * lines of a manifest, which are not followed, a signal, an image, the entries
 * of an archive.  LAT_EMEDIA for another ending; a file that cannot be read at
 * all is a report with one error. */
LAT_MUST_CHECK enum lat_code lat_file_inspect(
    struct lat_report *report, const char *path, const char *name,
    const struct lat_archive_limits *limits, struct lat_err *err);

/* Whether the signal file at path (called name) says its sampling rate itself:
 * an EDF does, a CSV with a column of times, of which the beginning is read. */
LAT_MUST_CHECK enum lat_code lat_file_says_rate(bool *says, const char *path,
                                                const char *name,
                                                struct lat_err *err);

/* ---- data sets from manifests ------------------------ train/manifest.c */

/* The recording or image of one line into d.  What cannot be read or used is
 * left out, in d's warnings and, with its line, in report (which may be NULL).
 * Fails for a subject on two sides, when there is no memory, and with the word
 * "wrong_modality" for an image where d is of signals, or a signal where it is
 * of images. */
LAT_MUST_CHECK enum lat_code lat_dataset_add_line(
    struct lat_dataset *d, struct lat_shelf *s, const struct lat_line *line,
    enum lat_split split, struct lat_report *report, struct lat_err *err);
/* The images of an archive into d, which is of images: the folder that each
 * lies in is its label, one that lies in none has none.  Entries that are no
 * images are named as left out. */
LAT_MUST_CHECK enum lat_code lat_dataset_add_archive(
    struct lat_dataset *d, const char *path,
    const struct lat_archive_limits *limits, enum lat_split split,
    struct lat_report *report, struct lat_err *err);

#endif
