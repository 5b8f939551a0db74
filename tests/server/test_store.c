/* test_store.c - vectors in a file, and every way in which a file can fail. */
#include "../../core/base/mem.h"
#include "../../server/cache.h"
#include "../../server/store.h"
#include "../../server/store/sqlite/db.h"
#include "../check.h"

#include <stdatomic.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

enum { DIMS = 16 };

static const char model[] = "aaaa";

/* Where a test works, and what it was warned of. */
static char dir[64], path[128];
static atomic_int n_warnings;
static char warning[1024];

static void on_warn(void *arg, const char *msg)
{
    (void)arg;
    snprintf(warning, sizeof(warning), "%s", msg);
    atomic_fetch_add(&n_warnings, 1);
}

static int set_up(void **state)
{
    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/latentd-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    snprintf(path, sizeof(path), "%s/cache.db", dir);
    atomic_store(&n_warnings, 0);
    warning[0] = '\0';
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

static struct latd_store_options options(void)
{
    return (struct latd_store_options){
        .path = path, .queue = 1000, .warn = on_warn, .network_ok = true};
}

static struct latd_store *opened(void)
{
    struct latd_store_options opt = options();
    struct latd_store *s = NULL;
    struct lat_err err = {0};

    if (latd_store_open(&s, &opt, &err))
        print_error("%s\n", err.msg);
    CHECK(s);
    return s;
}

static void fill(uint8_t key[LAT_DIGEST], float v[DIMS], unsigned n)
{
    memset(key, 0, LAT_DIGEST);
    memcpy(key, &n, sizeof(n));
    for (size_t i = 0; i < DIMS; i++)
        v[i] = (float)n + (float)i / 16.0f;
}

static void put(struct latd_store *s, unsigned n)
{
    uint8_t key[LAT_DIGEST];
    float v[DIMS];
    struct latd_vector row = {key, model, v, DIMS};

    fill(key, v, n);
    latd_store_vector_put(s, &row);
}

static bool has(struct latd_store *s, unsigned n)
{
    uint8_t key[LAT_DIGEST];
    float want[DIMS], v[DIMS] = {0};
    struct latd_vector row = {key, model, v, DIMS};

    fill(key, want, n);
    if (!latd_store_vector_get(s, &row))
        return false;
    assert_memory_equal(v, want, sizeof(v));
    return true;
}

static void sql(const char *text)
{
    sqlite3 *db = NULL;

    CHECK(sqlite3_open(path, &db) == SQLITE_OK);
    CHECK(sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK);
    sqlite3_close(db);
}

static void overwrite(const char *file, long at, const char *text)
{
    FILE *f = fopen(file, "r+");

    if (!f)
        f = fopen(file, "w");
    CHECK(f && fseek(f, at, SEEK_SET) == 0);
    CHECK(fputs(text, f) >= 0 && fclose(f) == 0);
}

TEST(store, outlives_the_process)
{
    struct latd_store *s = opened();
    struct latd_store_counts n;
    struct stat st;

    UNUSED_STATE;
    CHECK(!has(s, 1));
    for (unsigned i = 0; i < 100; i++)
        put(s, i);
    latd_store_flush(s);
    CHECK(has(s, 0) && has(s, 99) && !has(s, 100));
    n = latd_store_counts(s);
    CHECK(n.written == 100 && n.dropped == 0 && n.on);
    latd_store_close(s);
    s = opened();
    CHECK(has(s, 0) && has(s, 99));
    latd_store_close(s);
    CHECK(stat(path, &st) == 0 && (st.st_mode & 077) == 0);
    CHECK(n_warnings == 0);
}

TEST(store, writes_what_is_queued_before_it_closes)
{
    struct latd_store *s = opened();

    UNUSED_STATE;
    for (unsigned i = 0; i < 500; i++)
        put(s, i);
    latd_store_close(s);
    s = opened();
    CHECK(has(s, 0) && has(s, 499));
    latd_store_close(s);
}

TEST(store, drops_what_does_not_fit_into_the_queue)
{
    struct latd_store_options opt = options();
    struct latd_store_counts n;
    struct latd_store *s = NULL;

    UNUSED_STATE;
    opt.queue = 1;
    CHECK(latd_store_open(&s, &opt, NULL) == LAT_OK);
    for (unsigned i = 0; i < 500; i++)
        put(s, i);
    latd_store_flush(s);
    n = latd_store_counts(s);
    CHECK(n.written >= 1 && n.written + n.dropped == 500);
    CHECK(n.on && n_warnings == 0);
    latd_store_close(s);
}

TEST(store, verifies_model_length_and_content)
{
    struct latd_store *s = opened();
    uint8_t key[LAT_DIGEST];
    float v[DIMS];
    struct latd_vector row = {key, "bbbb", v, DIMS};

    UNUSED_STATE;
    fill(key, v, 1);
    put(s, 1);
    latd_store_flush(s);
    CHECK(!latd_store_vector_get(s, &row));
    row.model = model;
    row.dims = DIMS - 1;
    CHECK(!latd_store_vector_get(s, &row));
    row.dims = DIMS;
    CHECK(latd_store_vector_get(s, &row));
    sql("UPDATE vector SET v = zeroblob(length(v))");
    CHECK(!latd_store_vector_get(s, &row));
    put(s, 1); /* the right one takes its place */
    latd_store_flush(s);
    CHECK(latd_store_vector_get(s, &row));
    CHECK(n_warnings == 0);
    latd_store_close(s);
}

TEST(store, drops_the_oldest_at_its_bound)
{
    struct latd_store_options opt = options();
    struct latd_store *s = NULL;
    struct stat st;

    UNUSED_STATE;
    opt.max_bytes = 256 * 1024;
    CHECK(latd_store_open(&s, &opt, NULL) == LAT_OK);
    for (unsigned i = 0; i < 10000; i++) {
        put(s, i);
        if (i % 500 == 0)
            latd_store_flush(s);
    }
    latd_store_flush(s);
    CHECK(has(s, 9999) && !has(s, 0) && !has(s, 1000));
    latd_store_close(s);
    CHECK(stat(path, &st) == 0 && st.st_size <= 2 * 256 * 1024);
    CHECK(n_warnings == 0);
}

static void check_set_aside(const char *because)
{
    struct latd_store *s = opened();
    char aside[256];

    CHECK(n_warnings == 1 && strstr(warning, because));
    snprintf(aside, sizeof(aside), "%s.aside", path);
    CHECK(access(aside, F_OK) == 0);
    put(s, 1);
    latd_store_flush(s);
    CHECK(has(s, 1) && n_warnings == 1);
    latd_store_close(s);
}

TEST(store, moves_a_file_that_is_no_database_aside)
{
    UNUSED_STATE;
    overwrite(path, 0, "This was never a database, whatever it is called.");
    check_set_aside("not a database");
}

TEST(store, moves_a_newer_database_aside)
{
    UNUSED_STATE;
    sql("PRAGMA user_version = 999");
    check_set_aside("schema is 999");
}

TEST(store, moves_a_database_of_another_kind_aside)
{
    UNUSED_STATE;
    sql("CREATE TABLE other (x); PRAGMA user_version = 1");
    check_set_aside("no such table");
}

TEST(store, turns_itself_off_when_the_file_is_deleted)
{
    struct latd_store *s = opened();

    UNUSED_STATE;
    put(s, 1);
    latd_store_flush(s);
    CHECK(unlink(path) == 0);
    for (unsigned i = 2; i < 10; i++) {
        put(s, i);
        latd_store_flush(s);
        (void)has(s, i);
    }
    CHECK(n_warnings == 1 && strstr(warning, "deleted"));
    CHECK(!latd_store_counts(s).on);
    latd_store_close(s);
}

/* Pages of nonsense behind the first one, while the file is open. */
TEST(store, turns_itself_off_when_the_file_turns_corrupt)
{
    struct latd_store *s = opened();
    char junk[4097];

    UNUSED_STATE;
    for (unsigned i = 0; i < 500; i++)
        put(s, i);
    latd_store_close(s);
    memset(junk, 'x', sizeof(junk) - 1);
    junk[sizeof(junk) - 1] = '\0';
    for (long page = 1; page < 8; page++)
        overwrite(path, page * 4096, junk);
    s = opened();
    for (unsigned i = 0; i < 500; i++)
        (void)has(s, i);
    put(s, 1);
    latd_store_flush(s);
    CHECK(n_warnings == 1);
    CHECK(!latd_store_counts(s).on);
    latd_store_close(s);
}

/* Cutting a mapped file short would end the process with a SIGBUS. */
TEST(store, maps_no_file_that_others_could_cut_short)
{
    struct latd_store *s = opened();
    char shm[sizeof(path) + 8];

    UNUSED_STATE;
    put(s, 1);
    latd_store_flush(s);
    snprintf(shm, sizeof(shm), "%s-shm", path);
    CHECK(access(shm, F_OK) != 0);
    CHECK(has(s, 1) && latd_store_counts(s).on);
    latd_store_close(s);
}

TEST(store, refuses_a_folder_that_is_not_there)
{
    struct latd_store_options opt = options();
    struct latd_store *s = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    opt.path = "/nonexistent/cache.db";
    CHECK(latd_store_open(&s, &opt, &err) == LAT_EIO && !s);
    assert_string_equal(err.msg, "cache file /nonexistent/cache.db: No such "
                                 "file or directory");
}

TEST(store, refuses_a_path_that_is_too_long)
{
    struct latd_store_options opt = options();
    struct latd_store *s = NULL;
    char lng[5000];

    UNUSED_STATE;
    memset(lng, 'x', sizeof(lng));
    lng[0] = '/';
    lng[sizeof(lng) - 1] = '\0';
    opt.path = lng;
    opt.network_ok = false;
    CHECK(latd_store_open(&s, &opt, NULL) == LAT_EINVAL && !s);
}

/* A file system of its own on dir, or the test is skipped. */
static void mount_on_dir(const char *data)
{
    if (mount("tmpfs", dir, "tmpfs", 0, data) != 0) {
        print_message("needs the right to mount a tmpfs\n");
        skip();
    }
}

TEST(store, turns_itself_off_when_the_disk_is_full)
{
    struct latd_store *s;

    UNUSED_STATE;
    mount_on_dir("size=512k");
    s = opened();
    for (unsigned i = 0; i < 5000 && latd_store_counts(s).on; i++) {
        put(s, i);
        latd_store_flush(s);
    }
    CHECK(!latd_store_counts(s).on);
    CHECK(n_warnings == 1 && strstr(warning, "full"));
    put(s, 1);
    (void)has(s, 1);
    latd_store_close(s);
    CHECK(n_warnings == 1);
    CHECK(umount(dir) == 0);
}

TEST(store, says_that_a_disk_is_read_only)
{
    struct latd_store_options opt = options();
    struct latd_store *s;
    struct lat_err err = {0};

    UNUSED_STATE;
    mount_on_dir("size=1m");
    s = opened();
    put(s, 1);
    latd_store_close(s);
    CHECK(mount("tmpfs", dir, "tmpfs", MS_REMOUNT | MS_RDONLY, NULL) == 0);
    s = NULL;
    CHECK(latd_store_open(&s, &opt, &err) == LAT_EIO && !s);
    CHECK(strstr(err.msg, "Read-only file system"));
    CHECK(umount(dir) == 0);
}

TEST(store, open_survives_any_failed_allocation)
{
    struct latd_store_options opt = options();
    struct latd_store *s = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    do {
        lat__mem_fail_after = n++;
        code = latd_store_open(&s, &opt, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !s));
    } while (code);
    CHECK(n > 1);
    lat__mem_fail_after = 0;
    put(s, 1); /* dropped, for want of memory */
    lat__mem_fail_after = -1;
    latd_store_flush(s);
    CHECK(!has(s, 1) && latd_store_counts(s).dropped == 1);
    latd_store_close(s);
}

TEST(store, may_be_absent)
{
    UNUSED_STATE;
    put(NULL, 1);
    CHECK(!has(NULL, 1));
    latd_store_flush(NULL);
    CHECK(!latd_store_counts(NULL).on);
    latd_store_close(NULL);
}

/* A vector of an earlier process is a hit of this one, and read once. */
TEST(store, stands_behind_the_cache)
{
    struct latd_store *s = opened();
    struct latd_cache *c = NULL;
    float y[DIMS] = {0};
    struct latd_cache_ask ask = {.model = model, .y = y, .dims = DIMS};

    UNUSED_STATE;
    fill(ask.key, y, 5);
    CHECK(latd_cache_new(&c, 1 << 16, s, NULL) == LAT_OK);
    CHECK(latd_cache_begin(c, &ask) == LATD_CACHE_LEAD);
    latd_cache_end(c, &ask, LAT_OK, NULL);
    latd_cache_free(c);
    latd_store_close(s);

    s = opened();
    CHECK(latd_cache_new(&c, 1 << 16, s, NULL) == LAT_OK);
    memset(y, 0, sizeof(y));
    CHECK(latd_cache_begin(c, &ask) == LATD_CACHE_HIT);
    CHECK(y[0] == 5.0f && latd_cache_counts(c).entries == 1);
    CHECK(latd_cache_get(c, &ask));
    CHECK(latd_cache_counts(c).hits == 2 && latd_cache_counts(c).misses == 0);
    latd_cache_free(c);
    latd_store_close(s);
}

#define S(sentence) \
    cmocka_unit_test_setup_teardown(store_##sentence, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        S(outlives_the_process),
        S(writes_what_is_queued_before_it_closes),
        S(drops_what_does_not_fit_into_the_queue),
        S(verifies_model_length_and_content),
        S(drops_the_oldest_at_its_bound),
        S(moves_a_file_that_is_no_database_aside),
        S(moves_a_newer_database_aside),
        S(moves_a_database_of_another_kind_aside),
        S(turns_itself_off_when_the_file_is_deleted),
        S(turns_itself_off_when_the_file_turns_corrupt),
        S(maps_no_file_that_others_could_cut_short),
        S(refuses_a_folder_that_is_not_there),
        S(refuses_a_path_that_is_too_long),
        S(turns_itself_off_when_the_disk_is_full),
        S(says_that_a_disk_is_read_only),
        S(open_survives_any_failed_allocation),
        S(may_be_absent),
        S(stands_behind_the_cache),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
