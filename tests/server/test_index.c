/* test_index.c - recordings in memory: what is put is found, in its order; what
 * is filtered, dropped or by another model is not. */
#include "../../core/base/mem.h"
#include "../../core/base/rng.h"
#include "../../server/index.h"
#include "../../server/models.h"
#include "../../server/wire.h"
#include "../check.h"

#include <pthread.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>

enum { DIMS = 6 };

static const char a[] =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char b[] =
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

static const struct lat_card card = {
    .dims = DIMS, .partitioned = true, .blocks = {{0, 3}, {3, 5}, {5, 6}}};

static struct latd_index *opened(uint64_t max_bytes)
{
    struct latd_index_options opt = {.max_bytes = max_bytes,
                                     .max_window_bytes = 1 << 16};
    struct latd_index *idx = NULL;
    bool fresh = false;

    CHECK(lat_kernel_pick(&opt.kernel, NULL, NULL) == LAT_OK);
    CHECK(latd_index_new(&idx, &opt, NULL) == LAT_OK);
    CHECK(latd_index_learn(idx, a, &card, &fresh, NULL) == LAT_OK && fresh);
    CHECK(latd_index_learn(idx, a, &card, &fresh, NULL) == LAT_OK && !fresh);
    latd_index_complete(idx, a);
    return idx;
}

/* One model's vectors of one recording; lent. */
static struct latd_recording *recording(const char *id, const char *digest,
                                        float *v, size_t windows)
{
    static struct latd_recording r;

    memset(&r, 0, sizeof(r));
    snprintf(r.id, sizeof(r.id), "%s", id);
    r.metadata = (char *)"{}";
    r.n = 1;
    snprintf(r.embeddings[0].digest, sizeof(r.embeddings[0].digest), "%s",
             digest);
    r.embeddings[0].windows = windows;
    r.embeddings[0].dims = DIMS;
    r.embeddings[0].v = v;
    return &r;
}

static void put(struct latd_index *idx, const char *id, const float v[DIMS])
{
    float copy[DIMS];

    memcpy(copy, v, sizeof(copy));
    CHECK(latd_index_put(idx, recording(id, a, copy, 1), NULL) == LAT_OK);
}

/* Points along the first axis, less and less. */
static void put_nth(struct latd_index *idx, size_t i)
{
    const float v[DIMS] = {1.0f, (float)i * 0.01f, 0.0f, 1.0f, 0.0f, 1.0f};
    char id[32];

    snprintf(id, sizeof(id), "r%zu", i);
    put(idx, id, v);
}

/* The ids that a search finds, with blanks between; and how many it saw. */
static const char *found(struct latd_index *idx, const float v[DIMS], size_t k,
                         const struct latd_filter *filter, size_t *seen)
{
    static char text[4096];
    struct latd_search_ask ask = {
        .digest = a,
        .filter = filter,
        .scan = {.v = v, .n = 1, .k = k, .weights = {1.0}}};
    struct latd_search *s = NULL;
    struct latd_found *list = NULL;
    struct lat_err err = {0};
    size_t n_parts = 0, n = 0, at = 0;

    text[0] = '\0';
    if (latd_search_open(&s, &n_parts, idx, &ask, &err))
        return strcat(text, err.word);
    for (size_t i = n_parts; i-- > 0;)
        latd_search_run(s, i);
    CHECK(latd_search_best(s, 0, &list, &n, NULL) == LAT_OK);
    for (size_t i = 0; i < n; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s",
                               i ? " " : "", list[i].id);
    if (seen)
        *seen = latd_search_rows(s);
    latd_found_free(list, n);
    latd_search_close(s);
    return text;
}

static const float axis[DIMS] = {1.0f, 0.0f, 0.0f, 0.0f, 0.0f, 0.0f};

TEST(index, finds_the_nearest_in_order)
{
    struct latd_index *idx = opened(1 << 26);
    struct latd_index_counts n;
    size_t seen = 0;

    UNUSED_STATE;
    assert_string_equal(found(idx, axis, 3, NULL, &seen), "");
    for (size_t i = 0; i < 20; i++)
        put_nth(idx, 19 - i);
    assert_string_equal(found(idx, axis, 3, NULL, &seen), "r0 r1 r2");
    n = latd_index_counts(idx);
    CHECK(seen == 20 && n.recordings == 20 && n.vectors == 20);
    latd_index_free(idx);
}

TEST(index, keeps_the_place_of_what_is_put_again)
{
    const float other[DIMS] = {0.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f};
    struct latd_index *idx = opened(1 << 26);

    UNUSED_STATE;
    put(idx, "x", axis);
    put(idx, "y", axis);
    put(idx, "z", axis);
    put(idx, "x", other);
    assert_string_equal(found(idx, axis, 2, NULL, NULL), "y z");
    put(idx, "x", axis);
    assert_string_equal(found(idx, axis, 2, NULL, NULL), "x y");
    latd_index_free(idx);
}

TEST(index, forgets_what_is_dropped_or_not_by_the_model_any_more)
{
    struct latd_index *idx = opened(1 << 26);
    struct lat_err err = {0};
    float v[DIMS];

    UNUSED_STATE;
    put(idx, "x", axis);
    put(idx, "y", axis);
    memcpy(v, axis, sizeof(v));
    CHECK(latd_index_put(idx, recording("x", b, v, 1), NULL) == LAT_OK);
    assert_string_equal(found(idx, axis, 5, NULL, NULL), "y");
    CHECK(latd_index_vector(idx, a, "x", v, &err) == LAT_EUNFIT);
    assert_string_equal(err.word, "model_mismatch");
    latd_index_drop(idx, "y");
    latd_index_drop(idx, "y");
    latd_index_drop(idx, "never there");
    assert_string_equal(found(idx, axis, 5, NULL, NULL), "");
    CHECK(latd_index_vector(idx, a, "y", v, &err) == LAT_ENOENT);
    assert_string_equal(err.word, "recording_not_found");
    CHECK(latd_index_vector(idx, b, "x", v, &err) == LAT_EUNFIT);
    latd_index_free(idx);
}

TEST(index, takes_the_mean_of_unit_windows)
{
    float v[2 * DIMS] = {2.0f, 0, 0, 0, 3.0f, 1.0f, 0, 8.0f, 0, 0, 1.0f, 0};
    const float want[DIMS] = {0.5f, 0.5f, 0, 0, 1.0f, 0.5f};
    struct latd_index *idx = opened(1 << 26);
    float got[DIMS];

    UNUSED_STATE;
    CHECK(latd_index_put(idx, recording("x", a, v, 2), NULL) == LAT_OK);
    CHECK(latd_index_vector(idx, a, "x", got, NULL) == LAT_OK);
    for (size_t d = 0; d < DIMS; d++)
        CHECK_NEAR(got[d], want[d], 1e-6);
    latd_index_free(idx);
}

/* Rows are compacted when most are gone; those that stay keep their order. */
TEST(index, keeps_order_when_most_recordings_go)
{
    struct latd_index *idx = opened(1 << 28);
    char id[32];
    size_t seen;

    UNUSED_STATE;
    for (size_t i = 0; i < 9000; i++)
        put_nth(idx, i % 3);
    CHECK(latd_index_counts(idx).vectors == 3);
    for (size_t i = 0; i < 9000; i++)
        put_nth(idx, i);
    for (size_t i = 0; i < 9000; i++)
        if (i % 5) {
            snprintf(id, sizeof(id), "r%zu", i);
            latd_index_drop(idx, id);
        }
    assert_string_equal(found(idx, axis, 4, NULL, &seen), "r0 r5 r10 r15");
    CHECK(seen == 1800);
    put_nth(idx, 1);
    assert_string_equal(found(idx, axis, 3, NULL, &seen), "r0 r1 r5");
    CHECK(latd_index_counts(idx).recordings == 1801);
    latd_index_free(idx);
}

/* ---- filters ---- */

static void put_with(struct latd_index *idx, const char *id,
                     const char *metadata, const char *subject)
{
    float v[DIMS];
    struct latd_recording *r;

    memcpy(v, axis, sizeof(v));
    r = recording(id, a, v, 1);
    r->metadata = (char *)metadata;
    snprintf(r->subject, sizeof(r->subject), "%s", subject);
    CHECK(latd_index_put(idx, r, NULL) == LAT_OK);
}

static struct latd_value text(const char *t)
{
    return (struct latd_value){.kind = LATD_TEXT, .text = t};
}

TEST(index, filters_by_values_at_paths)
{
    struct latd_value values[2];
    struct latd_condition c[3] = {0};
    const struct latd_filter f = {1, c}, three = {3, c};
    struct latd_index *idx = opened(1 << 26);
    size_t seen;

    UNUSED_STATE;
    put_with(idx, "x", "{\"age\":61,\"site\":{\"name\":\"ward\"},\"ok\":true}",
             "p1");
    put_with(idx, "y", "{\"age\":58.5,\"leads\":[\"I\",\"II\"],\"\":1}", "p2");
    put_with(idx, "z", "{\"leads\":[{\"name\":\"II\"}],\"age\":\"61\"}", "");
    c[0] =
        (struct latd_condition){LATD_MUST, (char *)"age", 0, NULL, 58.0, 60.0};
    assert_string_equal(found(idx, axis, 9, &f, &seen), "y");
    CHECK(seen == 1);
    c[0].n_values = 1;
    c[0].values = values;
    values[0] = (struct latd_value){.kind = LATD_NUMBER, .number = 61.0};
    assert_string_equal(found(idx, axis, 9, &f, NULL), "x");
    c[0].key = (char *)"leads";
    values[0] = text("II");
    assert_string_equal(found(idx, axis, 9, &f, NULL), "y");
    c[0].key = (char *)"leads[].name";
    assert_string_equal(found(idx, axis, 9, &f, NULL), "z");
    c[0].key = (char *)"site.name";
    values[0] = text("nowhere");
    values[1] = text("ward");
    assert_string_equal(found(idx, axis, 9, &f, NULL), "");
    c[0].n_values = 2;
    assert_string_equal(found(idx, axis, 9, &f, NULL), "x");
    c[0].group = LATD_MUST_NOT;
    assert_string_equal(found(idx, axis, 9, &f, NULL), "y z");
    c[1] = (struct latd_condition){
        LATD_SHOULD, (char *)"subject",
        1,           &(struct latd_value){LATD_TEXT, 0, "p2"},
        0,           0};
    c[2] = (struct latd_condition){
        LATD_SHOULD, (char *)"ok",
        1,           &(struct latd_value){LATD_BOOL, 1.0, NULL},
        0,           0};
    assert_string_equal(found(idx, axis, 9, &three, NULL), "y");
    c[0].key = (char *)"unknown";
    assert_string_equal(found(idx, axis, 9, &three, NULL), "x y");
    put_with(idx, "x", "{}", "");
    assert_string_equal(found(idx, axis, 9, &three, NULL), "y");
    latd_index_free(idx);
}

/* ---- windows ---- */

/* The id, query's window and recording's window of what is found. */
static const char *found_by_windows(struct latd_index *idx, const float *v,
                                    size_t n, size_t *left_out)
{
    static char text[256];
    struct latd_search_ask ask = {.digest = a,
                                  .scan = {.v = v,
                                           .n = n,
                                           .k = 9,
                                           .ends = &n,
                                           .n_groups = 1,
                                           .weights = {1.0}}};
    struct latd_search *s = NULL;
    struct latd_found *list = NULL;
    struct lat_err err = {0};
    size_t n_parts = 0, n_found = 0, at = 0;

    text[0] = '\0';
    if (latd_search_open(&s, &n_parts, idx, &ask, &err))
        return strcat(text, err.word);
    for (size_t i = 0; i < n_parts; i++)
        latd_search_run(s, i);
    CHECK(latd_search_best(s, 0, &list, &n_found, NULL) == LAT_OK);
    for (size_t i = 0; i < n_found; i++)
        at += (size_t)snprintf(text + at, sizeof(text) - at, "%s%s:%zu:%zu",
                               i ? " " : "", list[i].id, list[i].query,
                               list[i].window);
    *left_out = latd_search_left_out(s);
    CHECK(latd_search_rows(s) == n_found);
    latd_found_free(list, n_found);
    latd_search_close(s);
    return text;
}

TEST(index, searches_windows_and_leaves_out_means)
{
    const float q[2 * DIMS] = {0, 0, 1.0f, 0, 0, 0, 1.0f, 0, 0, 0, 0, 0};
    float v[2 * DIMS] = {0, 1.0f, 0, 0, 0, 0, 1.0f, 0.1f, 0, 0, 0, 0};
    struct latd_index *idx = opened(1 << 26);
    struct latd_recording *r;
    struct latd_windows w = {0};
    struct lat_err err = {0};
    size_t left_out = 0;

    UNUSED_STATE;
    CHECK(latd_index_put(idx, recording("two", a, v, 2), NULL) == LAT_OK);
    put(idx, "one", axis);
    r = recording("mean", a, v, 1);
    r->embeddings[0].pooled = 7;
    CHECK(latd_index_put(idx, r, NULL) == LAT_OK);
    assert_string_equal(found_by_windows(idx, q, 2, &left_out),
                        "one:1:0 two:1:1");
    CHECK(left_out == 1);
    CHECK(latd_index_windows(idx, a, "two", &w, NULL) == LAT_OK && w.n == 2);
    CHECK_NEAR(w.v[DIMS], 1.0f, 1e-6);
    lat_free(w.v);
    CHECK(latd_index_windows(idx, a, "mean", &w, &err) == LAT_EUNFIT);
    assert_string_equal(err.word, "windows_not_kept");
    CHECK(latd_index_window(idx, a, "two", 1, v, NULL) == LAT_OK);
    CHECK(latd_index_window(idx, a, "two", 2, v, NULL) == LAT_ENOENT);
    put(idx, "two", axis); /* by one window from now on */
    CHECK(latd_index_counts(idx).window_bytes == 0);
    assert_string_equal(found_by_windows(idx, q, 2, &left_out),
                        "two:1:0 one:1:0");
    latd_index_free(idx);
}

/* More windows than there is room for: none, and the means are searched on. */
TEST(index, gives_up_windows_that_do_not_fit)
{
    static float v[4000 * DIMS];
    struct latd_index *idx = opened(1 << 26);
    size_t left_out;

    UNUSED_STATE;
    for (size_t i = 0; i < 4000; i++)
        v[i * DIMS] = 1.0f;
    CHECK(latd_index_put(idx, recording("x", a, v, 2), NULL) == LAT_OK);
    CHECK(!latd_index_gave_up_windows(idx));
    CHECK(latd_index_counts(idx).window_bytes > 0);
    CHECK(latd_index_put(idx, recording("y", a, v, 4000), NULL) == LAT_OK);
    CHECK(latd_index_gave_up_windows(idx));
    CHECK(!latd_index_gave_up_windows(idx));
    CHECK(latd_index_counts(idx).window_bytes == 0);
    assert_string_equal(found_by_windows(idx, axis, 1, &left_out),
                        "windows_incomplete");
    assert_string_equal(found(idx, axis, 9, NULL, NULL), "x y");
    latd_index_free(idx);
}

/* A search that is under way then would tell the scores of means. */
TEST(index, does_not_answer_a_search_whose_windows_went)
{
    static float v[4000 * DIMS];
    struct latd_index *idx = opened(1 << 26);
    const size_t end = 1;
    const struct latd_search_ask ask = {.digest = a,
                                        .scan = {.v = axis,
                                                 .n = 1,
                                                 .k = 9,
                                                 .ends = &end,
                                                 .n_groups = 1,
                                                 .weights = {1.0}}};
    struct latd_search *s = NULL;
    struct latd_found *list = NULL;
    struct lat_err err = {0};
    size_t n_parts = 0, n = 0;

    UNUSED_STATE;
    for (size_t i = 0; i < 4000; i++)
        v[i * DIMS] = 1.0f;
    CHECK(latd_index_put(idx, recording("x", a, v, 2), NULL) == LAT_OK);
    CHECK(latd_search_open(&s, &n_parts, idx, &ask, NULL) == LAT_OK);
    CHECK(latd_index_put(idx, recording("y", a, v, 4000), NULL) == LAT_OK);
    for (size_t i = 0; i < n_parts; i++)
        latd_search_run(s, i);
    CHECK(latd_search_best(s, 0, &list, &n, &err) == LAT_ENOSPACE);
    assert_string_equal(err.word, "windows_incomplete");
    CHECK(!list);
    latd_search_close(s);
    latd_index_free(idx);
}

/* ---- bounds ---- */

TEST(index, refuses_to_search_what_does_not_fit)
{
    struct latd_index *idx = opened(200000);
    struct lat_err err = {0};
    enum lat_code code = LAT_OK;
    char id[32];
    float v[DIMS];

    UNUSED_STATE;
    CHECK(latd_index_room(idx, 1000, &err) == LAT_OK);
    CHECK(latd_index_room(idx, 300000, &err) == LAT_ENOSPACE);
    CHECK(strstr(err.msg, "index-bytes"));
    memcpy(v, axis, sizeof(v));
    for (size_t i = 0; i < 5000 && code == LAT_OK; i++) {
        snprintf(id, sizeof(id), "%zu", i);
        code = latd_index_put(idx, recording(id, a, v, 1), &err);
    }
    CHECK(code == LAT_ENOSPACE && strstr(err.msg, "index-bytes"));
    assert_string_equal(found(idx, axis, 9, NULL, NULL), "index_incomplete");
    CHECK(latd_index_room(idx, 0, &err) == LAT_ENOSPACE);
    latd_index_free(idx);
}

/* Who asks first is refused before the index lacks anything: tables that double
 * and chunks that are added come out of the same bytes. */
TEST(index, has_room_for_what_it_said_it_has)
{
    struct latd_index *idx = opened(1 << 20);
    struct lat_err err = {0};
    float v[DIMS] = {1.0f};
    char id[32];
    size_t n = 0;

    UNUSED_STATE;
    while (latd_index_room(idx, sizeof(v), &err) == LAT_OK) {
        snprintf(id, sizeof(id), "recording %zu", n++);
        CHECK(latd_index_put(idx, recording(id, a, v, 1), NULL) == LAT_OK);
    }
    CHECK(n > 1000 && strstr(err.msg, "index-bytes"));
    assert_string_equal(found(idx, axis, 2, NULL, NULL),
                        "recording 0 recording 1");
    latd_index_drop(idx, "recording 0");
    assert_string_equal(found(idx, axis, 1, NULL, NULL), "recording 1");
    latd_index_free(idx);
}

/* What stood in the way is said, and not always the setting. */
TEST(index, says_why_it_lacks_a_recording)
{
    struct latd_index *idx = opened(1 << 26);
    struct lat_err err = {0};
    float v[DIMS] = {1.0f};

    UNUSED_STATE;
    lat__mem_fail_after = 0;
    CHECK(latd_index_put(idx, recording("x", a, v, 1), &err) == LAT_ENOMEM);
    lat__mem_fail_after = -1;
    CHECK(latd_index_room(idx, 0, &err) == LAT_ENOSPACE);
    assert_string_equal(err.word, "index_incomplete");
    CHECK(strstr(err.msg, "recording x") && !strstr(err.msg, "index-bytes"));
    CHECK(latd_index_put(idx, recording("y", b, v, 1), NULL) == LAT_OK);
    CHECK(latd_index_room(idx, 0, &err) == LAT_ENOSPACE);
    latd_index_free(idx);
}

TEST(index, survives_every_failed_allocation)
{
    struct latd_recording *r;
    float v[2 * DIMS] = {1.0f, 2.0f, 3.0f, 4.0f, 5.0f, 6.0f,
                         6.0f, 5.0f, 4.0f, 3.0f, 2.0f, 1.0f};

    UNUSED_STATE;
    r = recording("x", a, v, 2);
    r->metadata = (char *)"{\"device\":\"holter\",\"n\":[1,2,{\"k\":\"v\"}]}";
    for (long n = 0;; n++) {
        struct latd_index *idx = opened(1 << 26);
        enum lat_code code;

        lat__mem_fail_after = n;
        code = latd_index_put(idx, r, NULL);
        lat__mem_fail_after = -1;
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
        CHECK(latd_index_counts(idx).recordings == (code == LAT_OK));
        latd_index_free(idx);
        if (code == LAT_OK)
            break;
    }
}

/* ---- from the database ---- */

struct write {
    struct latd_change change;
    struct latd_put put;
    struct latd_recording *r;
};

static enum lat_code run_write(struct latd_change *c, struct latd_rows *rows,
                               struct lat_err *err)
{
    struct write *w = (struct write *)(void *)c;

    return latd_recordings_put(&w->put, rows, w->r, err);
}

static void write_one(struct latd_database *db, const char *id,
                      const char *digest)
{
    float v[DIMS];
    struct write w = {.change = {.run = run_write}};

    memcpy(v, axis, sizeof(v));
    w.r = recording(id, digest, v, 1);
    CHECK(latd_database_write_wait(db, &w.change, NULL) == LAT_OK);
    latd_deleted_fini(&w.put.replaced);
}

enum { MANY = 20100 };

static enum lat_code run_many(struct latd_change *c, struct latd_rows *rows,
                              struct lat_err *err)
{
    struct write *w = (struct write *)(void *)c;
    enum lat_code code = LAT_OK;

    for (unsigned i = 0; i < MANY && code == LAT_OK; i++) {
        snprintf(w->r->id, sizeof(w->r->id), "%u", i);
        code = latd_recordings_put(&w->put, rows, w->r, err);
    }
    return code;
}

struct progress {
    uint64_t calls, visited, stop_at;
};

static bool on_progress(void *arg, uint64_t visited, uint64_t all)
{
    struct progress *p = arg;

    CHECK(all == MANY && visited > p->visited);
    p->visited = visited;
    return ++p->calls != p->stop_at;
}

static void wait_until_ready(struct latd_index *idx, struct latd_database *db,
                             const char *digest)
{
    const struct timespec ms = {0, 1000000};
    struct lat_err err = {0};
    enum lat_code code;

    while ((code = latd_index_ready(idx, db, digest, &card, &err)) ==
           LAT_EAWAY) {
        assert_string_equal(err.word, "model_loading");
        nanosleep(&ms, NULL);
    }
    CHECK(code == LAT_OK);
}

TEST(index, reads_the_database_then_listens_and_learns_models_late)
{
    char dir[] = "/tmp/latentd-test-XXXXXX", cmd[64];
    const struct latd_database_options opt = {
        .dir = mkdtemp(dir), .network_ok = true, .queue = 10};
    const struct latd_models_options none = {.dir = dir, .infer_threads = 1};
    struct latd_index_load load = {0};
    struct latd_index *idx = opened(1 << 26);
    float v[DIMS];

    UNUSED_STATE;
    CHECK(latd_database_open(&load.db, &opt, NULL) == LAT_OK);
    CHECK(latd_models_new(&load.models, &none, NULL) == LAT_OK);
    write_one(load.db, "x", a);
    write_one(load.db, "y", b);
    CHECK(latd_index_load(idx, &load, NULL) == LAT_OK);
    assert_string_equal(found(idx, axis, 9, NULL, NULL), "x");
    write_one(load.db, "z", a);
    assert_string_equal(found(idx, axis, 9, NULL, NULL), "x z");
    CHECK(!latd_index_has(idx, b));
    wait_until_ready(idx, load.db, b);
    CHECK(latd_index_vector(idx, b, "y", v, NULL) == LAT_OK);
    write_one(load.db, "w", b);
    CHECK(latd_index_vector(idx, b, "w", v, NULL) == LAT_OK);
    latd_database_close(load.db);
    latd_models_free(load.models);
    latd_index_free(idx);
    snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
    CHECK(system(cmd) == 0);
}

TEST(index, tells_how_far_it_has_read_and_stops_when_told)
{
    char dir[] = "/tmp/latentd-test-XXXXXX", cmd[64];
    const struct latd_database_options opt = {
        .dir = mkdtemp(dir), .network_ok = true, .queue = 10};
    const struct latd_models_options none = {.dir = dir, .infer_threads = 1};
    struct progress p = {.stop_at = 2};
    struct latd_index_load load = {.progress = on_progress, .arg = &p};
    struct write w = {.change = {.run = run_many}};
    struct latd_index *idx = opened(1 << 26);
    float v[DIMS];

    UNUSED_STATE;
    memcpy(v, axis, sizeof(v));
    w.r = recording("", a, v, 1);
    CHECK(latd_database_open(&load.db, &opt, NULL) == LAT_OK);
    CHECK(latd_models_new(&load.models, &none, NULL) == LAT_OK);
    CHECK(latd_database_write_wait(load.db, &w.change, NULL) == LAT_OK);
    CHECK(latd_index_load(idx, &load, NULL) == LAT_ECANCEL);
    CHECK(p.calls == 2 && p.visited < MANY);
    p = (struct progress){0};
    CHECK(latd_index_load(idx, &load, NULL) == LAT_OK);
    CHECK(p.calls >= 2 && latd_index_counts(idx).vectors == MANY);
    latd_database_close(load.db);
    latd_models_free(load.models);
    latd_index_free(idx);
    snprintf(cmd, sizeof(cmd), "rm -rf %s", dir);
    CHECK(system(cmd) == 0);
}

/* ---- many at once ---- */

static struct latd_index *shared;
static atomic_bool over;

static void *search_on(void *arg)
{
    struct latd_value device = text("d1");
    struct latd_condition c = {LATD_MUST, (char *)"device", 1, &device, 0, 0};
    const struct latd_filter filter = {1, &c};
    struct latd_search_ask ask = {
        .digest = a,
        .filter = arg ? &filter : NULL,
        .scan = {.v = axis, .n = 1, .k = 50, .weights = {1.0}}};

    while (!atomic_load(&over)) {
        struct latd_search *s = NULL;
        struct latd_found *list = NULL;
        size_t n_parts, n = 0;

        if (latd_search_open(&s, &n_parts, shared, &ask, NULL))
            return &over;
        for (size_t i = 0; i < n_parts; i++)
            latd_search_run(s, i);
        if (latd_search_best(s, 0, &list, &n, NULL))
            return &over;
        for (size_t i = 1; i < n; i++)
            if (list[i].score > list[i - 1].score)
                return &over;
        latd_found_free(list, n);
        latd_search_close(s);
    }
    return NULL;
}

TEST(index, serves_searches_while_recordings_come_and_go)
{
    pthread_t threads[3];
    struct lat_rng rng;
    void *wrong;

    UNUSED_STATE;
    shared = opened(1 << 28);
    lat__rng_seed(&rng, 7);
    for (size_t i = 0; i < 3; i++)
        CHECK(pthread_create(&threads[i], NULL, search_on, i ? shared : NULL) ==
              0);
    for (size_t i = 0; i < 30000; i++) {
        char id[32], metadata[32];

        snprintf(id, sizeof(id), "r%zu", lat__rng_below(&rng, 6000));
        snprintf(metadata, sizeof(metadata), "{\"device\":\"d%zu\"}", i % 3);
        if (i / 10000 == 1)
            latd_index_drop(shared, id);
        else
            put_with(shared, id, metadata, "");
    }
    atomic_store(&over, true);
    for (size_t i = 0; i < 3; i++) {
        pthread_join(threads[i], &wrong);
        CHECK(!wrong);
    }
    latd_index_free(shared);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(index, finds_the_nearest_in_order),
        T(index, keeps_the_place_of_what_is_put_again),
        T(index, forgets_what_is_dropped_or_not_by_the_model_any_more),
        T(index, takes_the_mean_of_unit_windows),
        T(index, keeps_order_when_most_recordings_go),
        T(index, filters_by_values_at_paths),
        T(index, searches_windows_and_leaves_out_means),
        T(index, gives_up_windows_that_do_not_fit),
        T(index, does_not_answer_a_search_whose_windows_went),
        T(index, refuses_to_search_what_does_not_fit),
        T(index, has_room_for_what_it_said_it_has),
        T(index, says_why_it_lacks_a_recording),
        T(index, survives_every_failed_allocation),
        T(index, reads_the_database_then_listens_and_learns_models_late),
        T(index, tells_how_far_it_has_read_and_stops_when_told),
        T(index, serves_searches_while_recordings_come_and_go),
    };

    latd_wire_init();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
