/*
 * files.h - files that came over HTTP, in DATA-DIR/files.
 *
 * An upload is written beside them as it comes; when it is whole it is synced,
 * looked into, and renamed to its id.  Only then is its row made (store/
 * files.h), so a row without its file cannot be; a file without its row, or a
 * part of an upload, is what a crash left, and goes at the next start.
 *
 * new and free: main.  An upload: one thread at a time.  All else: any thread.
 */
#ifndef LATD_FILES_H
#define LATD_FILES_H

#include "handler.h"
#include "store/files.h"

struct latd_files;

struct latd_files_options {
    const char *dir; /* the data-dir */
    struct latd_database *database;
    struct latd_ulid *ulid;
    uint64_t max_file_bytes, files_bytes;
    struct lat_archive_limits unpacked;
};

/* Makes DATA-DIR/files, and removes there what a crash left. */
LAT_MUST_CHECK enum lat_code latd_files_new(
    struct latd_files **out, const struct latd_files_options *opt,
    struct lat_err *err);
/* No upload is open. */
void latd_files_free(struct latd_files *f);

/* Where the file of an id lies. */
enum { LATD_FILE_PATH = LATD_TEXT_MAX + 64 };
void latd_files_path(const struct latd_files *f, const char *id,
                     char path[LATD_FILE_PATH]);
/* A find for struct lat_shelf_options: the files of manifests by their ids.
 * arg is the struct latd_files.  Borrows rows: the thread has none. */
LAT_MUST_CHECK enum lat_code latd_files_place(void *arg, const char *file,
                                              struct lat_place *out,
                                              struct lat_err *err);
const struct lat_archive_limits *latd_files_unpacked(
    const struct latd_files *f);

/* Its row goes in this transaction, and the file once that is committed. */
LAT_MUST_CHECK enum lat_code latd_files_delete(struct latd_files *f,
                                               struct latd_rows *rows,
                                               const char *id,
                                               struct lat_err *err);

/* ---- uploads ------------------------------------------ files/upload.c */

struct latd_upload;

LAT_MUST_CHECK enum lat_code latd_upload_open(struct latd_upload **out,
                                              struct latd_files *f,
                                              struct lat_err *err);
/* LAT_ETOOBIG names max-file-bytes, LAT_ENOSPACE files-bytes or the disk. */
LAT_MUST_CHECK enum lat_code latd_upload_write(struct latd_upload *u,
                                               const void *p, size_t len,
                                               struct lat_err *err);
/* It is whole: file->bytes and sha256. */
void latd_upload_digest(struct latd_upload *u, struct latd_file *file);
/* Not for http threads.  Syncs, looks into it by file->filename, gives it an
 * id and renames it: the rest of file is filled in.  LAT_EMEDIA for an ending
 * that is none of ours. */
LAT_MUST_CHECK enum lat_code latd_upload_finish(struct latd_upload *u,
                                                struct latd_file *file,
                                                struct lat_err *err);
/* Its row, and that it is kept once the transaction is committed. */
LAT_MUST_CHECK enum lat_code latd_upload_store(struct latd_upload *u,
                                               struct latd_rows *rows,
                                               const struct latd_file *file,
                                               struct lat_err *err);
/* What was not committed is removed. */
void latd_upload_close(struct latd_upload *u);

/* ---- a thread for what takes long ----------------------- files/later.c */

/* Something to be done aside, one after another, at low priority. */
struct latd_later {
    void (*run)(struct latd_later *l);
    struct latd_later *next;
};

void latd_files_later(struct latd_files *f, struct latd_later *l);

#endif
