/*
 * database.h - the truth: what must not be lost, in DATA-DIR/latentd.db.
 *
 * One thread writes.  What waits for it is put into one transaction, each
 * change in a savepoint of its own, so that one that fails undoes itself
 * alone; done is called after the commit, and what is acknowledged is on disk.
 * Reads are short, on the calling thread, through a connection lent for them.
 *
 * open and close: one thread.  All else: any thread, but for what takes rows,
 * which is for the thread that holds them.
 */
#ifndef LATD_STORE_DATABASE_H
#define LATD_STORE_DATABASE_H

#include "../../core/latent.h"

struct latd_database;
struct latd_rows; /* a connection, for as long as it is lent */

struct latd_database_options {
    const char *dir;    /* made when it is not there (not its parents) */
    bool network_ok;    /* on a network file system all the same */
    size_t queue;       /* changes that may wait (max-changes) */
    uint64_t max_pages; /* tests: a disk that is full; 0: no bound */
};

/* A change to be made.  The memory is the poster's, who leaves it alone from
 * write until done. */
struct latd_change {
    /* Store thread, inside a transaction: whatever was done through rows is
     * committed whole, or undone when a code is returned.  May be called
     * again, when a neighbour's failure undid it: it begins anew each time. */
    enum lat_code (*run)(struct latd_change *c, struct latd_rows *rows,
                         struct lat_err *err);
    /* Store thread, after the commit, or after all was undone: see code.  Must
     * be short, and must not post to the same store and wait. */
    void (*done)(struct latd_change *c);
    enum lat_code code; /* for done */
    struct lat_err err;
    struct latd_change *next; /* the queue's */
};

/* Fails with a message that says what to do: another process has the folder,
 * it is on a network file system, the database is damaged or of a newer
 * program, the folder cannot be written. */
LAT_MUST_CHECK enum lat_code latd_database_open(
    struct latd_database **out, const struct latd_database_options *opt,
    struct lat_err *err);
/* Makes the changes that wait, then closes. */
void latd_database_close(struct latd_database *db);

/* LAT_EFULL, "overloaded", names the bound; then done is not called. */
LAT_MUST_CHECK enum lat_code latd_database_write(struct latd_database *db,
                                                 struct latd_change *c,
                                                 struct lat_err *err);
/* The same, and waits for the end.  Not for http threads or the loop's. */
LAT_MUST_CHECK enum lat_code latd_database_write_wait(struct latd_database *db,
                                                      struct latd_change *c,
                                                      struct lat_err *err);

/* A connection that sees the database as it is now, until it is given back;
 * waits while all are lent.  One at a time for a thread. */
struct latd_rows *latd_database_borrow(struct latd_database *db);
void latd_database_return(struct latd_database *db, struct latd_rows *rows);

/* What is to happen once the transaction of rows is committed, and only then:
 * on the store thread, before done, in the order of the calls.  Its memory is
 * the callee's, even on failure; free is called once, whatever became of it. */
struct latd_after {
    void (*committed)(struct latd_after *a);
    void (*free)(struct latd_after *a);
    struct latd_after *next; /* the queue's */
};

void latd_rows_after(struct latd_rows *rows, struct latd_after *a);

/* All that is committed now, in a new database at path.  Takes as long as it is
 * large; writers go on. */
LAT_MUST_CHECK enum lat_code latd_database_copy(struct latd_database *db,
                                                const char *path,
                                                struct lat_err *err);

struct latd_database_counts {
    uint64_t committed; /* transactions since the start */
    uint64_t changes;   /* of which these were kept … */
    uint64_t failed;    /* … and these were not */
    size_t waiting;
    uint64_t bytes;     /* of latentd.db … */
    uint64_t wal_bytes; /* … and of what is not yet copied into it */
};

/* db may be NULL.  Asks the file system. */
struct latd_database_counts latd_database_counts(struct latd_database *db);

#endif
