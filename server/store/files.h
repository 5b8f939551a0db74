/*
 * files.h - rows of the truth: files that came over HTTP, and who needs them.
 *
 * What takes rows is for the thread that holds them: in a change's run to
 * write, after latd_database_borrow to read.
 */
#ifndef LATD_STORE_FILES_H
#define LATD_STORE_FILES_H

#include "../ulid.h"
#include "database.h"

enum { LATD_FILENAME_MAX = 256, LATD_PURPOSE_MAX = 32 };

struct latd_file {
    char id[LATD_ID_MAX];
    char filename[LATD_FILENAME_MAX];
    char purpose[LATD_PURPOSE_MAX];
    char sha256[LAT_DIGEST_HEX];
    bool usable; /* "processed"; false: "error", see the report */
    uint64_t bytes;
    int64_t created_at; /* seconds since 1970 */
    char *report;       /* JSON, the file's own to lat_free */
};

void latd_file_fini(struct latd_file *f);

/* LAT_ENOENT, "file_not_found". */
LAT_MUST_CHECK enum lat_code latd_rows_file_get(struct latd_file *out,
                                                struct latd_rows *rows,
                                                const char *id,
                                                struct lat_err *err);

struct latd_file_list {
    const char *after;   /* the id before the first; NULL: from an end on */
    const char *purpose; /* NULL: any */
    size_t limit;
    bool oldest_first;
    /* Each of them, f lent for the call. */
    void (*each)(void *arg, const struct latd_file *f);
    void *arg;
    bool more; /* out: there are others behind the last */
};

LAT_MUST_CHECK enum lat_code latd_rows_file_list(struct latd_file_list *list,
                                                 struct latd_rows *rows,
                                                 struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_rows_file_put(struct latd_rows *rows,
                                                const struct latd_file *f,
                                                struct lat_err *err);
/* What it held itself, as a manifest, is released.  LAT_ENOENT; LAT_EBUSY,
 * "file_in_use", names who needs it. */
LAT_MUST_CHECK enum lat_code latd_rows_file_delete(struct latd_rows *rows,
                                                   const char *id,
                                                   struct lat_err *err);

/* holder (the id of a job, or of a manifest) needs the file until it releases
 * all that it holds; twice is once.  LAT_ENOENT. */
LAT_MUST_CHECK enum lat_code latd_rows_file_hold(struct latd_rows *rows,
                                                 const char *file,
                                                 const char *holder,
                                                 struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_rows_file_release(struct latd_rows *rows,
                                                    const char *holder,
                                                    struct lat_err *err);

#endif
