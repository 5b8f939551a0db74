/* recordings.h - what the files of recordings share: see ../recordings.h. */
#ifndef LATD_STORE_SQLITE_RECORDINGS_H
#define LATD_STORE_SQLITE_RECORDINGS_H

#include "database.h"

/* The digest of all that r says but its id, its times and where it is cached.
 */
void latd_recording_tag(uint8_t etag[LAT_DIGEST],
                        const struct latd_recording *r);
/* LAT_EMATCH, "etag_mismatch"; etag is NULL when there is no recording. */
LAT_MUST_CHECK enum lat_code latd_match_check(const struct latd_match *m,
                                              const uint8_t *etag,
                                              struct lat_err *err);

/* ---- recordings_read.c */

/* The number and tag of the recording with this id; *n 0: there is none. */
LAT_MUST_CHECK enum lat_code latd_recording_find(int64_t *n,
                                                 uint8_t etag[LAT_DIGEST],
                                                 struct latd_rows *rows,
                                                 const char *id,
                                                 struct lat_err *err);

/* What latd_list_next reads. */
#define LATD_COLUMNS "n, id, subject, metadata, created_at, changed_at, etag"

/* Beside LATD_WITH_…: not even whether there is a waveform. */
enum { LATD_LEAVE_WAVEFORM = 256 };

/* A statement of the recordings that filter names, or of their count; then
 * those one by one. */
LAT_MUST_CHECK enum lat_code latd_list_prepare(
    sqlite3_stmt **st, struct latd_rows *rows,
    const struct latd_recordings_filter *f, bool counted, struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_list_next(struct latd_recording *r,
                                            bool *found, struct latd_rows *rows,
                                            sqlite3_stmt *st, unsigned with,
                                            struct lat_err *err);

/* ---- recordings_told.c: for whoever keeps an index beside the rows */

/* The listener is told once the transaction is committed; nothing happens when
 * there is none.  put reads r as it is by now, with all its models. */
LAT_MUST_CHECK enum lat_code latd_told_put(struct latd_rows *rows,
                                           const char *id, struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_told_removed(struct latd_rows *rows,
                                               const char *id,
                                               struct lat_err *err);

#endif
