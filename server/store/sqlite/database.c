/* database.c - the truth: opened, written to, read from. */
#include "database.h"

#include "../folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A larger one is not read whole at each start; what is damaged is met when it
 * is read. */
enum { CHECKED_MAX = 1 << 30 };

#define FILE_NAME "latentd.db"

/* ---- opening ----------------------------------------------------------- */

/* Before SQLite does, for a better message, and for its owner's eyes only. */
static enum lat_code touch(const char *path, struct lat_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return lat_fail(err, errno == EROFS ? LAT_ENOSPACE : LAT_EIO, "%s",
                        strerror(errno));
    close(fd);
    return LAT_OK;
}

/* It is the truth: never moved aside, never begun anew. */
static enum lat_code way_out(enum lat_code code, struct lat_err *err)
{
    char why[300];

    if (code != LAT_EFORMAT && code != LAT_EUNFIT)
        return code;
    snprintf(why, sizeof(why), "%.*s", (int)sizeof(why) - 1, err->msg);
    if (code == LAT_EUNFIT)
        return lat_fail(err, code,
                        "%s; start the program that wrote it, or put a backup "
                        "in its place",
                        why);
    return lat_fail(err, code,
                    "%s; put a backup in its place, or save what can be read: "
                    "sqlite3 " FILE_NAME " .recover | sqlite3 recovered.db",
                    why);
}

/* LAT_EFORMAT with the first thing that is wrong in it. */
static enum lat_code check_whole(struct latd_database *db, struct lat_err *err)
{
    enum lat_code code;
    sqlite3_stmt *st;
    struct stat file;
    bool found;

    if (stat(db->path, &file) == 0 && file.st_size > CHECKED_MAX)
        return LAT_OK;
    code = latd_rows_prepare(&st, &db->out, "PRAGMA quick_check(1)", err);
    if (!code && sqlite3_step(st) != SQLITE_ROW)
        code = latd_db_fail(err, db->out.db, "check");
    if (code)
        return code;
    found = strcmp((const char *)sqlite3_column_text(st, 0), "ok") == 0;
    if (!found)
        code = lat_fail(err, LAT_EFORMAT, "it is damaged: %.200s",
                        (const char *)sqlite3_column_text(st, 0));
    sqlite3_reset(st);
    return code;
}

static enum lat_code open_rows(struct latd_database *db, uint64_t max_pages,
                               struct lat_err *err)
{
    enum lat_code code = touch(db->path, err);
    char bound[64];

    if (!code)
        code = latd_rows_open(&db->out, db->path, true, err);
    if (!code)
        code = check_whole(db, err);
    for (size_t i = 0; i < LATD_READERS && !code; i++) {
        code = latd_rows_open(&db->readers[i], db->path, false, err);
        db->readers[i].next = db->idle;
        db->readers[i].owner = db;
        db->idle = &db->readers[i];
    }
    db->out.owner = db;
    if (code || !max_pages)
        return way_out(code, err);
    snprintf(bound, sizeof(bound), "PRAGMA max_page_count = %llu",
             (unsigned long long)max_pages);
    return latd_db_exec(db->out.db, bound, err);
}

static enum lat_code database_new(struct latd_database **out,
                                  const struct latd_database_options *opt,
                                  struct lat_err *err)
{
    struct latd_database *db = lat_calloc(1, sizeof(*db));
    size_t len = strlen(opt->dir) + sizeof("/" FILE_NAME);

    if (!db)
        return lat_fail(err, LAT_ENOMEM, "database");
    db->lock_file = -1;
    db->max = opt->queue;
    db->last = &db->first;
    pthread_mutex_init(&db->lock, NULL);
    pthread_cond_init(&db->filled, NULL);
    pthread_cond_init(&db->returned, NULL);
    *out = db;
    db->dir = lat_strdup(opt->dir);
    db->path = lat_calloc(len, 1);
    if (!db->dir || !db->path)
        return lat_fail(err, LAT_ENOMEM, "database");
    snprintf(db->path, len, "%s/" FILE_NAME, opt->dir);
    return LAT_OK;
}

static void database_free(struct latd_database *db)
{
    if (!db)
        return;
    for (size_t i = 0; i < LATD_READERS; i++)
        latd_rows_close(&db->readers[i]);
    latd_rows_close(&db->out); /* the last: it folds the log in */
    latd_folder_close(db->lock_file);
    pthread_cond_destroy(&db->returned);
    pthread_cond_destroy(&db->filled);
    pthread_mutex_destroy(&db->lock);
    lat_free(db->path);
    lat_free(db->dir);
    lat_free(db);
}

/* What stands before the colon in every message. */
static enum lat_code wrap(struct lat_err *err, enum lat_code code,
                          const struct latd_database_options *opt, bool locked)
{
    if (!locked)
        return lat_wrap(err, code, "data-dir %s", opt->dir);
    return lat_wrap(err, code, "database %s/" FILE_NAME, opt->dir);
}

enum lat_code latd_database_open(struct latd_database **out,
                                 const struct latd_database_options *opt,
                                 struct lat_err *err)
{
    struct latd_database *db = NULL;
    enum lat_code code = database_new(&db, opt, err);
    bool locked = false;

    if (code)
        goto out;
    code = latd_folder_open(&db->lock_file, opt->dir, err);
    locked = !code;
    if (!code && !opt->network_ok)
        code = latd_place_check(db->path, err);
    if (!code)
        code = open_rows(db, opt->max_pages, err);
    if (!code && pthread_create(&db->writer, NULL, latd_writer_run, db))
        code = lat_fail(err, LAT_ENOMEM, "no thread for it");
    if (code)
        goto out;
    *out = db;
    db = NULL;
out:
    database_free(db);
    return code ? wrap(err, code, opt, locked) : LAT_OK;
}

void latd_database_close(struct latd_database *db)
{
    if (!db)
        return;
    pthread_mutex_lock(&db->lock);
    db->closing = true;
    pthread_cond_signal(&db->filled);
    pthread_mutex_unlock(&db->lock);
    pthread_join(db->writer, NULL);
    database_free(db);
}

/* ---- writing ----------------------------------------------------------- */

enum lat_code latd_database_write(struct latd_database *db,
                                  struct latd_change *c, struct lat_err *err)
{
    size_t waiting;
    bool full;

    c->next = NULL;
    pthread_mutex_lock(&db->lock);
    waiting = db->waiting;
    full = waiting >= db->max || db->closing;
    if (!full) {
        *db->last = c;
        db->last = &c->next;
        db->waiting++;
        pthread_cond_signal(&db->filled);
    }
    pthread_mutex_unlock(&db->lock);
    if (full)
        return lat_fail_word(err, LAT_EFULL, "overloaded",
                             "%zu changes wait to be written, at most %zu may "
                             "(max-changes)",
                             waiting, db->max);
    return LAT_OK;
}

struct waiting {
    struct latd_change change;
    struct latd_change *real;
    pthread_mutex_t lock; /* over */
    pthread_cond_t changed;
    bool over;
};

static enum lat_code waiting_run(struct latd_change *c, struct latd_rows *rows,
                                 struct lat_err *err)
{
    struct latd_change *real = ((struct waiting *)(void *)c)->real;

    return real->run(real, rows, err);
}

static void waiting_done(struct latd_change *c)
{
    struct waiting *w = (struct waiting *)(void *)c;

    pthread_mutex_lock(&w->lock);
    w->over = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
}

enum lat_code latd_database_write_wait(struct latd_database *db,
                                       struct latd_change *c,
                                       struct lat_err *err)
{
    struct waiting w = {.change = {.run = waiting_run, .done = waiting_done},
                        .real = c};
    enum lat_code code;

    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.changed, NULL);
    code = latd_database_write(db, &w.change, err);
    if (!code) {
        pthread_mutex_lock(&w.lock);
        while (!w.over)
            pthread_cond_wait(&w.changed, &w.lock);
        pthread_mutex_unlock(&w.lock);
        code = w.change.code;
        if (code && err)
            *err = w.change.err;
    }
    pthread_cond_destroy(&w.changed);
    pthread_mutex_destroy(&w.lock);
    return code;
}

/* ---- reading ----------------------------------------------------------- */

struct latd_rows *latd_database_borrow(struct latd_database *db)
{
    struct latd_rows *rows;

    pthread_mutex_lock(&db->lock);
    while (!db->idle)
        pthread_cond_wait(&db->returned, &db->lock);
    rows = db->idle;
    db->idle = rows->next;
    pthread_mutex_unlock(&db->lock);
    sqlite3_exec(rows->db, "BEGIN", NULL, NULL, NULL);
    return rows;
}

void latd_database_return(struct latd_database *db, struct latd_rows *rows)
{
    for (struct latd_statement *s = rows->statements; s; s = s->next)
        sqlite3_reset(s->st);
    sqlite3_exec(rows->db, "COMMIT", NULL, NULL, NULL);
    pthread_mutex_lock(&db->lock);
    rows->next = db->idle;
    db->idle = rows;
    pthread_cond_signal(&db->returned);
    pthread_mutex_unlock(&db->lock);
}

/* 0: it is not there. */
static uint64_t size_of(const char *path, const char *ending)
{
    char name[4096];
    struct stat st;

    if (snprintf(name, sizeof(name), "%s%s", path, ending) >=
            (int)sizeof(name) ||
        stat(name, &st))
        return 0;
    return (uint64_t)st.st_size;
}

struct latd_database_counts latd_database_counts(struct latd_database *db)
{
    struct latd_database_counts counts = {0};

    if (!db)
        return counts;
    counts.committed = atomic_load(&db->committed);
    counts.changes = atomic_load(&db->changes);
    counts.failed = atomic_load(&db->failed);
    pthread_mutex_lock(&db->lock);
    counts.waiting = db->waiting;
    pthread_mutex_unlock(&db->lock);
    counts.bytes = size_of(db->path, "");
    counts.wal_bytes = size_of(db->path, "-wal");
    return counts;
}
