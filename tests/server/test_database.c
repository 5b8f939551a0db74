/* test_database.c - the truth: what is acknowledged is kept, what fails undoes
 * itself alone, and what cannot be opened is refused with the way out. */
#include "../../core/base/mem.h"
#include "../../server/store/database.h"
#include "../../server/store/sqlite/rows.h"
#include "../check.h"

#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

/* Where a test works. */
static char dir[64], data[96], path[128];

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/latentd-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(data, sizeof(data), "%s/data", dir);
    snprintf(path, sizeof(path), "%s/latentd.db", data);
    return 0;
}

static int tear_down(void **state)
{
    char cmd[128];

    (void)state;
    (void)umount(dir); /* when a test failed before it came to that */
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
    return system(cmd);
}

static struct latd_database_options options(void)
{
    return (struct latd_database_options){
        .dir = data, .network_ok = true, .queue = 100};
}

static struct latd_database *opened(void)
{
    struct latd_database_options opt = options();
    struct latd_database *db = NULL;
    struct lat_err err = {0};

    if (latd_database_open(&db, &opt, &err))
        print_error("%s\n", err.msg);
    CHECK(db);
    return db;
}

static enum lat_code refused(struct lat_err *err)
{
    struct latd_database_options opt = options();
    struct latd_database *db = NULL;
    enum lat_code code = latd_database_open(&db, &opt, err);

    CHECK(code && !db);
    return code;
}

/* ---- one change: a row of a recording, and whether it is to fail ---- */

struct put {
    struct latd_change change;
    unsigned n;
    size_t len;    /* of its metadata, to fill a disk */
    bool fail;     /* after it was written */
    sem_t *wait;   /* before it is written, or NULL */
    unsigned runs; /* so far */
    atomic_bool done;
};

/* What was told after a commit. */
struct told {
    struct latd_after after;
    unsigned n;
};

static unsigned n_committed, last_committed;
static atomic_int n_freed;

static void on_committed(struct latd_after *a)
{
    n_committed++;
    last_committed = ((struct told *)(void *)a)->n;
}

static void on_free(struct latd_after *a)
{
    atomic_fetch_add(&n_freed, 1);
    lat_free(a);
}

static enum lat_code insert(struct put *p, struct latd_rows *rows,
                            struct lat_err *err)
{
    char id[32], *text = lat_calloc(p->len + 16, 1);
    sqlite3_stmt *st;
    enum lat_code code = latd_rows_prepare(
        &st, rows,
        "INSERT OR REPLACE INTO recording (id, metadata, created_at, "
        "changed_at, etag) VALUES (?, ?, 0, 0, zeroblob(32))",
        err);

    CHECK(text);
    memset(text, 'x', p->len + 8);
    memcpy(text, "{\"a\":\"", 6);
    memcpy(text + p->len + 6, "\"}", 3);
    snprintf(id, sizeof(id), "id-%u", p->n);
    if (!code) {
        latd_bind_text(st, 1, id);
        latd_bind_text(st, 2, text);
        code = latd_rows_run(rows, st, "insert", err);
        latd_bind_text(st, 1, NULL);
        latd_bind_text(st, 2, NULL);
    }
    lat_free(text);
    return code;
}

static enum lat_code put_run(struct latd_change *c, struct latd_rows *rows,
                             struct lat_err *err)
{
    struct put *p = (struct put *)(void *)c;
    struct told *t = lat_calloc(1, sizeof(*t));
    enum lat_code code;

    CHECK(t);
    *t = (struct told){{on_committed, on_free, NULL}, p->n};
    latd_rows_after(rows, &t->after);
    if (p->wait && p->runs == 0)
        while (sem_wait(p->wait))
            ;
    p->runs++;
    code = insert(p, rows, err);
    if (!code && p->fail)
        code = lat_fail(err, LAT_EMATCH, "not this one");
    return code;
}

static void put_done(struct latd_change *c)
{
    atomic_store(&((struct put *)(void *)c)->done, true);
}

static struct put put_of(unsigned n, size_t len)
{
    return (struct put){
        .change = {.run = put_run, .done = put_done}, .n = n, .len = len};
}

static enum lat_code put(struct latd_database *db, unsigned n, size_t len,
                         struct lat_err *err)
{
    struct put p = put_of(n, len);

    return latd_database_write_wait(db, &p.change, err);
}

static bool has(struct latd_database *db, unsigned n)
{
    struct latd_rows *rows = latd_database_borrow(db);
    sqlite3_stmt *st;
    bool found = false;
    char id[32];

    snprintf(id, sizeof(id), "id-%u", n);
    CHECK(latd_rows_prepare(&st, rows, "SELECT 1 FROM recording WHERE id = ?",
                            NULL) == LAT_OK);
    latd_bind_text(st, 1, id);
    CHECK(latd_rows_step(&found, rows, st, "read", NULL) == LAT_OK);
    latd_database_return(db, rows);
    return found;
}

static void sql(const char *text)
{
    sqlite3 *db = NULL;

    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
}

static void overwrite(long at, const char *text, size_t len)
{
    FILE *f = fopen(path, "r+");

    CHECK(f && fseek(f, at, SEEK_SET) == 0);
    CHECK(fwrite(text, 1, len, f) == len && fclose(f) == 0);
}

/* ---- what it promises ---- */

TEST(database, keeps_what_it_acknowledged)
{
    struct latd_database *db = opened();
    struct stat st;

    UNUSED_STATE;
    for (unsigned i = 0; i < 20; i++)
        CHECK(put(db, i, 100, NULL) == LAT_OK);
    CHECK(has(db, 0) && has(db, 19) && !has(db, 20));
    latd_database_close(db);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 077) == 0);
    db = opened();
    CHECK(has(db, 0) && has(db, 19) && !has(db, 20));
    latd_database_close(db);
}

TEST(database, makes_what_waits_before_it_closes)
{
    struct latd_database *db = opened();
    struct put p[50];

    UNUSED_STATE;
    for (unsigned i = 0; i < 50; i++) {
        p[i] = put_of(i, 10);
        CHECK(latd_database_write(db, &p[i].change, NULL) == LAT_OK);
    }
    latd_database_close(db);
    for (unsigned i = 0; i < 50; i++)
        CHECK(atomic_load(&p[i].done) && p[i].change.code == LAT_OK);
    db = opened();
    CHECK(has(db, 0) && has(db, 49));
    latd_database_close(db);
}

/* The first holds the thread up while the others come. */
TEST(database, puts_what_waits_into_one_transaction)
{
    struct latd_database *db = opened();
    struct put p[32];
    sem_t go;

    UNUSED_STATE;
    sem_init(&go, 0, 0);
    n_committed = 0;
    atomic_store(&n_freed, 0);
    for (unsigned i = 0; i < 32; i++) {
        p[i] = put_of(i, 10);
        p[i].wait = i ? NULL : &go;
        p[i].fail = i == 7 || i == 31;
        CHECK(latd_database_write(db, &p[i].change, NULL) == LAT_OK);
    }
    sem_post(&go);
    latd_database_close(db);
    for (unsigned i = 0; i < 32; i++) {
        CHECK(p[i].runs == 1);
        CHECK(p[i].change.code == (p[i].fail ? LAT_EMATCH : LAT_OK));
    }
    assert_string_equal(p[7].change.err.msg, "not this one");
    /* told of those that were kept, in order, and of no other */
    CHECK(n_committed == 30 && last_committed == 30);
    CHECK(atomic_load(&n_freed) == 32);
    db = opened();
    CHECK(has(db, 0) && has(db, 6) && has(db, 8) && has(db, 30));
    CHECK(!has(db, 7) && !has(db, 31));
    latd_database_close(db);
    sem_destroy(&go);
}

TEST(database, commits_a_group_once)
{
    struct latd_database *db = opened();
    struct latd_database_counts n;
    struct put p[32], last = put_of(99, 10);
    sem_t go;

    UNUSED_STATE;
    sem_init(&go, 0, 0);
    for (unsigned i = 0; i < 32; i++) {
        p[i] = put_of(i, 10);
        p[i].wait = i ? NULL : &go;
        CHECK(latd_database_write(db, &p[i].change, NULL) == LAT_OK);
    }
    sem_post(&go);
    CHECK(latd_database_write_wait(db, &last.change, NULL) == LAT_OK);
    n = latd_database_counts(db);
    CHECK(n.changes == 33 && n.failed == 0 && n.committed <= 3);
    CHECK(n.waiting == 0 && n.bytes > 0 && n.wal_bytes > 0);
    latd_database_close(db);
    sem_destroy(&go);
}

TEST(database, refuses_more_than_its_bound)
{
    struct latd_database_options opt = options();
    struct latd_database *db = NULL;
    struct lat_err err = {0};
    struct put p[8];
    sem_t go;
    enum lat_code code = LAT_OK;
    unsigned n = 0;

    UNUSED_STATE;
    opt.queue = 2;
    sem_init(&go, 0, 0);
    CHECK(latd_database_open(&db, &opt, NULL) == LAT_OK);
    for (; n < 8 && !code; n++) {
        p[n] = put_of(n, 10);
        p[n].wait = n ? NULL : &go;
        code = latd_database_write(db, &p[n].change, &err);
    }
    CHECK(code == LAT_EFULL && n >= 3 && n <= 4); /* one may be taken */
    assert_string_equal(err.msg, "2 changes wait to be written, at most 2 may "
                                 "(max-changes)");
    assert_string_equal(err.word, "overloaded");
    sem_post(&go);
    latd_database_close(db);
    CHECK(!atomic_load(&p[n - 1].done));
    sem_destroy(&go);
}

TEST(database, lends_connections_that_see_one_moment)
{
    struct latd_database *db = opened();
    struct latd_rows *rows = latd_database_borrow(db);
    sqlite3_stmt *st;
    bool found;

    UNUSED_STATE;
    for (unsigned i = 0; i < 2; i++) {
        CHECK(latd_rows_prepare(&st, rows, "SELECT 1 FROM recording", NULL) ==
              LAT_OK);
        CHECK(latd_rows_step(&found, rows, st, "read", NULL) == LAT_OK);
        CHECK(!found);
        CHECK(put(db, i, 10, NULL) == LAT_OK);
    }
    latd_database_return(db, rows);
    CHECK(has(db, 0) && has(db, 1));
    latd_database_close(db);
}

TEST(database, writes_through_no_connection_that_is_lent)
{
    struct latd_database *db = opened();
    struct latd_rows *rows = latd_database_borrow(db);
    sqlite3_stmt *st;

    UNUSED_STATE;
    CHECK(latd_rows_prepare(&st, rows, "DELETE FROM recording", NULL) ==
          LAT_OK);
    CHECK(latd_rows_run(rows, st, "delete", NULL) == LAT_ENOSPACE);
    latd_database_return(db, rows);
    latd_database_close(db);
}

/* ---- disks ---- */

/* Rows that fill the space, and one more group with a small one among them. */
static void fill_up(struct latd_database *db, struct lat_err *err)
{
    struct put p[3] = {put_of(5000, 10), put_of(5001, 300000),
                       put_of(5002, 10)};
    enum lat_code code = LAT_OK;
    unsigned n = 0;

    for (; n < 1000 && !code; n++)
        code = put(db, n, 20000, err);
    CHECK(code == LAT_ENOSPACE && n > 2);
    CHECK(!has(db, n - 1));
    for (unsigned i = 0; i < n - 1; i++)
        CHECK(has(db, i));
    for (unsigned i = 0; i < 3; i++)
        CHECK(latd_database_write(db, &p[i].change, NULL) == LAT_OK);
    code = put(db, 6000, 10, NULL); /* behind them */
    CHECK(code == LAT_OK || code == LAT_ENOSPACE);
    CHECK(atomic_load(&p[2].done));
    CHECK(p[1].change.code == LAT_ENOSPACE);
    for (unsigned i = 0; i < 3; i++)
        CHECK(has(db, 5000 + i) == (p[i].change.code == LAT_OK));
}

TEST(database, says_that_it_may_not_grow)
{
    struct latd_database_options opt = options();
    struct latd_database *db = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    opt.max_pages = 100;
    CHECK(latd_database_open(&db, &opt, NULL) == LAT_OK);
    fill_up(db, &err);
    CHECK(strstr(err.msg, "full"));
    latd_database_close(db);
    db = opened();
    CHECK(has(db, 0) && put(db, 9000, 20000, NULL) == LAT_OK);
    latd_database_close(db);
}

/* A file system of its own on dir, or the test is skipped. */
static void mount_on_dir(const char *how)
{
    if (mount("tmpfs", dir, "tmpfs", 0, how) != 0) {
        print_message("needs the right to mount a tmpfs\n");
        skip();
    }
}

TEST(database, says_that_the_disk_is_full)
{
    struct latd_database *db;
    struct lat_err err = {0};

    UNUSED_STATE;
    mount_on_dir("size=1m");
    db = opened();
    fill_up(db, &err);
    latd_database_close(db);
    db = opened();
    CHECK(has(db, 0) && has(db, 1));
    latd_database_close(db);
    CHECK(umount(dir) == 0);
}

/* A limit on the size of a file: an error of writing, not of space. */
TEST(database, says_that_it_cannot_be_written)
{
    struct latd_database *db = opened();
    struct rlimit was, limit;
    struct lat_err err = {0};
    enum lat_code code = LAT_OK;
    unsigned n = 0;

    UNUSED_STATE;
    signal(SIGXFSZ, SIG_IGN);
    CHECK(put(db, 0, 10, NULL) == LAT_OK);
    CHECK(getrlimit(RLIMIT_FSIZE, &was) == 0);
    limit = was;
    limit.rlim_cur = 400000;
    CHECK(setrlimit(RLIMIT_FSIZE, &limit) == 0);
    for (; n < 1000 && !code; n++)
        code = put(db, n, 20000, &err);
    CHECK(setrlimit(RLIMIT_FSIZE, &was) == 0);
    CHECK(code == LAT_ENOSPACE && strstr(err.msg, "data-dir"));
    CHECK(!has(db, n - 1) && has(db, n - 2));
    CHECK(put(db, n - 1, 20000, &err) == LAT_OK); /* it works again */
    latd_database_close(db);
    db = opened();
    CHECK(has(db, n - 1));
    latd_database_close(db);
}

TEST(database, refuses_a_disk_that_is_read_only)
{
    struct latd_database *db;
    struct lat_err err = {0};

    UNUSED_STATE;
    mount_on_dir("size=1m");
    db = opened();
    latd_database_close(db);
    CHECK(mount("tmpfs", dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) == 0);
    CHECK(refused(&err) == LAT_ENOSPACE);
    CHECK(strstr(err.msg, "Read-only file system"));
    CHECK(umount(dir) == 0);
}

/* ---- what is refused ---- */

TEST(database, refuses_a_second_one_on_the_folder_by_name)
{
    struct latd_database *db = opened();
    struct lat_err err = {0};
    char pid[32];

    UNUSED_STATE;
    snprintf(pid, sizeof(pid), "process %ld on ", (long)getpid());
    CHECK(refused(&err) == LAT_EBUSY);
    CHECK(strstr(err.msg, data) && strstr(err.msg, pid));
    CHECK(strstr(err.msg, "data-dir of its own"));
    latd_database_close(db);
    latd_database_close(opened());
}

static void check_stays(enum lat_code want, const char *because,
                        const char *way_out)
{
    struct lat_err err = {0};
    struct stat before, after;

    CHECK(stat(path, &before) == 0);
    for (int i = 0; i < 2; i++)
        CHECK(refused(&err) == want);
    CHECK(strstr(err.msg, because));
    CHECK(strstr(err.msg, way_out));
    CHECK(strstr(err.msg, path));
    CHECK(stat(path, &after) == 0 && after.st_ino == before.st_ino &&
          after.st_size == before.st_size);
}

TEST(database, refuses_one_of_a_newer_program)
{
    UNUSED_STATE;
    latd_database_close(opened());
    sql("PRAGMA user_version = 999");
    check_stays(LAT_EUNFIT, "schema is 999", "the program that wrote it");
}

TEST(database, refuses_what_is_no_database)
{
    UNUSED_STATE;
    latd_database_close(opened());
    overwrite(0, "This was never a database, whatever it is called.", 49);
    check_stays(LAT_EFORMAT, "not a database", ".recover");
}

TEST(database, refuses_one_that_is_damaged)
{
    struct latd_database *db = opened();
    char junk[4096];

    UNUSED_STATE;
    for (unsigned i = 0; i < 20; i++)
        CHECK(put(db, i, 5000, NULL) == LAT_OK);
    latd_database_close(db);
    memset(junk, 'x', sizeof(junk));
    overwrite(2 * 4096, junk, sizeof(junk));
    overwrite(3 * 4096, junk, sizeof(junk));
    check_stays(LAT_EFORMAT, "", ".recover");
}

TEST(database, refuses_a_folder_that_cannot_be_made)
{
    struct latd_database_options opt = options();
    struct latd_database *db = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    opt.dir = "/nonexistent/data";
    CHECK(latd_database_open(&db, &opt, &err) == LAT_EIO && !db);
    assert_string_equal(err.msg, "data-dir /nonexistent/data: cannot be made: "
                                 "No such file or directory");
}

TEST(database, open_survives_any_failed_allocation)
{
    struct latd_database_options opt = options();
    struct latd_database *db = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = latd_database_open(&db, &opt, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !db));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 1);
    latd_database_close(db);
}

#define S(sentence) \
    cmocka_unit_test_setup_teardown(database_##sentence, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        S(keeps_what_it_acknowledged),
        S(makes_what_waits_before_it_closes),
        S(puts_what_waits_into_one_transaction),
        S(commits_a_group_once),
        S(refuses_more_than_its_bound),
        S(lends_connections_that_see_one_moment),
        S(writes_through_no_connection_that_is_lent),
        S(says_that_it_may_not_grow),
        S(says_that_the_disk_is_full),
        S(says_that_it_cannot_be_written),
        S(refuses_a_disk_that_is_read_only),
        S(refuses_a_second_one_on_the_folder_by_name),
        S(refuses_one_of_a_newer_program),
        S(refuses_what_is_no_database),
        S(refuses_one_that_is_damaged),
        S(refuses_a_folder_that_cannot_be_made),
        S(open_survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
