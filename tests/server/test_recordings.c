/* test_recordings.c - the rows of recordings: put, found, listed, gone; and the
 * index beside them hears of what was committed alone. */
#include "../../core/base/mem.h"
#include "../../server/retention.h"
#include "../../server/store/recordings.h"
#include "../check.h"

#include <string.h>

enum { DIMS = 4 };

static char dir[64];
static struct latd_database *db;

static const char digest_a[] =
    "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
static const char digest_b[] =
    "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";

/* ---- what an index hears ---- */

static struct lat_buf heard;

static void on_put(void *arg, const struct latd_recording *r)
{
    (void)arg;
    lat_buf_printf(&heard, "+%s", r->id);
    for (size_t i = 0; i < r->n; i++)
        lat_buf_printf(&heard, "/%c:%zux%zu=%g", r->embeddings[i].digest[0],
                       r->embeddings[i].windows, r->embeddings[i].dims,
                       (double)r->embeddings[i].v[0]);
    lat_buf_puts(&heard, " ");
}

static void on_removed(void *arg, const char *id)
{
    (void)arg;
    lat_buf_printf(&heard, "-%s ", id);
}

static const char *what_was_heard(void)
{
    static char text[4096];

    snprintf(text, sizeof(text), "%s", heard.len ? heard.v : "");
    heard.len = 0;
    return text;
}

static int set_up(void **state)
{
    static const struct latd_recordings_listener listener = {on_put, on_removed,
                                                             NULL};
    struct latd_database_options opt = {
        .dir = dir, .network_ok = true, .queue = 100};

    (void)state;
    snprintf(dir, sizeof(dir), "/tmp/latentd-test-XXXXXX");
    if (!mkdtemp(dir) || latd_database_open(&db, &opt, NULL))
        return -1;
    latd_recordings_listen(db, &listener);
    return 0;
}

static int tear_down(void **state)
{
    char cmd[128];

    (void)state;
    latd_database_close(db);
    lat_buf_fini(&heard);
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
    return system(cmd);
}

/* ---- changes ---- */

struct act {
    struct latd_change change;
    struct latd_recording *r;
    struct latd_put put;
    const char *id, *subject;
    int64_t before;
    struct latd_deleted gone;
    enum { PUT, PUT_MANY, DELETE, DELETE_SUBJECT, EXPIRE, EMBED } what;
    bool fail; /* once it was done */
};

static enum lat_code put_many(struct act *a, struct latd_rows *rows,
                              struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (unsigned i = 2; i < 10000 && !code; i++) {
        snprintf(a->r->id, sizeof(a->r->id), "%u", i);
        code = latd_recordings_put(&a->put, rows, a->r, err);
    }
    return code;
}

static enum lat_code act_run(struct latd_change *c, struct latd_rows *rows,
                             struct lat_err *err)
{
    struct act *a = (struct act *)(void *)c;
    enum lat_code code = LAT_OK;

    if (a->what == PUT)
        code = latd_recordings_put(&a->put, rows, a->r, err);
    else if (a->what == PUT_MANY)
        code = put_many(a, rows, err);
    else if (a->what == DELETE)
        code =
            latd_recordings_delete(&a->gone, rows, a->id, &a->put.match, err);
    else if (a->what == DELETE_SUBJECT)
        code = latd_recordings_delete_subject(&a->gone, rows, a->subject, err);
    else if (a->what == EXPIRE)
        code = latd_recordings_expire(&a->gone, rows, a->before, 2, err);
    else
        code = latd_recordings_embed(rows, a->id, a->r->etag,
                                     &a->r->embeddings[0], err);
    if (!code && a->fail)
        code = lat_fail(err, LAT_ECANCEL, "not after all");
    return code;
}

static enum lat_code do_it(struct act *a, struct lat_err *err)
{
    a->change.run = act_run;
    return latd_database_write_wait(db, &a->change, err);
}

static float *floats(size_t n, float first)
{
    float *v = lat_calloc(n, sizeof(*v));

    CHECK(v);
    for (size_t i = 0; i < n; i++)
        v[i] = first + (float)i;
    return v;
}

static void add_embedding(struct latd_recording *r, const char *digest,
                          size_t windows, float first)
{
    struct latd_embedding *e = &r->embeddings[r->n++];

    memcpy(e->digest, digest, LAT_DIGEST_HEX);
    snprintf(e->model, sizeof(e->model), "m%c@1", digest[0]);
    e->windows = windows;
    e->dims = DIMS;
    e->v = floats(windows * DIMS, first);
}

static struct latd_recording recording(const char *id, const char *subject,
                                       const char *metadata, float first)
{
    struct latd_recording r = {0};

    snprintf(r.id, sizeof(r.id), "%s", id);
    snprintf(r.subject, sizeof(r.subject), "%s", subject);
    r.metadata = lat_strdup(metadata);
    add_embedding(&r, digest_a, 1, first);
    return r;
}

/* r is fini'd; its tag is left in etag, unless that is NULL. */
static enum lat_code put(struct latd_recording r, int64_t now,
                         const struct latd_match *match, char *etag)
{
    struct act a = {.what = PUT, .r = &r, .put = {.now = now}};
    enum lat_code code;

    if (match)
        a.put.match = *match;
    code = do_it(&a, NULL);
    if (etag)
        lat_digest_hex(etag, r.etag);
    latd_deleted_fini(&a.put.replaced);
    latd_recording_fini(&r);
    return code;
}

static enum lat_code get(struct latd_recording *out, const char *id,
                         unsigned with)
{
    struct latd_rows *rows = latd_database_borrow(db);
    enum lat_code code = latd_recordings_get(out, rows, id, with, NULL);

    latd_database_return(db, rows);
    return code;
}

static enum lat_code note_id(void *arg, const struct latd_recording *r,
                             struct lat_err *err)
{
    (void)err;
    lat_buf_printf(arg, "%s ", r->id);
    return LAT_OK;
}

static const char *list(const struct latd_recordings_filter *f)
{
    static char text[1024];
    struct latd_rows *rows = latd_database_borrow(db);
    struct lat_buf b = {0};

    CHECK(latd_recordings_list(rows, f, 0, note_id, &b, NULL) == LAT_OK);
    latd_database_return(db, rows);
    snprintf(text, sizeof(text), "%s", b.len ? b.v : "");
    lat_buf_fini(&b);
    return text;
}

/* ---- tests ---- */

TEST(recordings, come_back_as_they_were_put)
{
    struct latd_recording r = recording("r1", "s1", "{\"a\":1}", 5), got;

    UNUSED_STATE;
    add_embedding(&r, digest_b, 3, 10);
    r.embeddings[1].keys = lat_calloc(2, LAT_DIGEST);
    r.embeddings[1].n_keys = 2;
    r.embeddings[1].keys[40] = 7;
    r.waveform.signal = lat_strdup("{\"sampling_rate_hz\":250}");
    r.waveform.v = floats(100, 0);
    r.waveform.n = 100;
    CHECK(put(r, 1000, NULL, NULL) == LAT_OK);
    CHECK(get(&got, "r1",
              LATD_WITH_VECTORS | LATD_WITH_KEYS | LATD_WITH_WAVEFORM) ==
          LAT_OK);
    assert_string_equal(got.subject, "s1");
    assert_string_equal(got.metadata, "{\"a\":1}");
    CHECK(got.created_at == 1000 && got.changed_at == 1000 && got.n == 2);
    assert_string_equal(got.embeddings[0].digest, digest_a);
    assert_string_equal(got.embeddings[1].model, "mb@1");
    CHECK(got.embeddings[1].windows == 3 && got.embeddings[1].dims == DIMS);
    CHECK(got.embeddings[1].v[11] == 21 && got.embeddings[1].keys[40] == 7);
    CHECK(got.embeddings[1].n_keys == 2 && got.embeddings[0].n_keys == 0);
    CHECK(got.waveform.n == 100 && got.waveform.v[99] == 99);
    assert_string_equal(got.waveform.signal, "{\"sampling_rate_hz\":250}");
    latd_recording_fini(&got);
    CHECK(get(&got, "r1", 0) == LAT_OK);
    CHECK(!got.embeddings[0].v && !got.embeddings[1].keys && !got.waveform.v);
    CHECK(got.waveform.signal);
    latd_recording_fini(&got);
    CHECK(get(&got, "r2", 0) == LAT_ENOENT);
}

/* Bytes that mean something elsewhere mean nothing here. */
TEST(recordings, have_ids_of_any_text)
{
    static const char *const odd[] = {"a/b",
                                      "%2F",
                                      " ",
                                      "'; DROP",
                                      "\"",
                                      "\\",
                                      "日本語",
                                      "\x7f",
                                      "*",
                                      "_%",
                                      "..",
                                      "é\xcc\x81",
                                      "\xf0\x9f\x98\x80"};
    struct latd_recording got;
    char longest[LATD_RECORDING_ID];

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++)
        CHECK(put(recording(odd[i], "", "{}", (float)i), 1, NULL, NULL) ==
              LAT_OK);
    memset(longest, 'x', sizeof(longest));
    longest[sizeof(longest) - 1] = '\0';
    CHECK(put(recording(longest, "", "{}", 0), 1, NULL, NULL) == LAT_OK);
    for (size_t i = 0; i < sizeof(odd) / sizeof(odd[0]); i++) {
        CHECK(get(&got, odd[i], LATD_WITH_VECTORS) == LAT_OK);
        CHECK(got.embeddings[0].v[0] == (float)i);
        latd_recording_fini(&got);
    }
    CHECK(get(&got, longest, 0) == LAT_OK);
    latd_recording_fini(&got);
}

TEST(recordings, are_replaced_whole)
{
    struct latd_recording got;
    char was[LAT_DIGEST_HEX], is[LAT_DIGEST_HEX];

    UNUSED_STATE;
    CHECK(put(recording("r", "s", "{\"a\":1}", 1), 10, NULL, was) == LAT_OK);
    CHECK(put(recording("r", "", "{}", 2), 20, NULL, is) == LAT_OK);
    assert_string_not_equal(was, is);
    CHECK(get(&got, "r", LATD_WITH_VECTORS) == LAT_OK);
    CHECK(got.subject[0] == '\0' && got.n == 1 && got.embeddings[0].v[0] == 2);
    CHECK(got.created_at == 10 && got.changed_at == 20);
    latd_recording_fini(&got);
    assert_string_equal(what_was_heard(), "+r/a:1x4=1 +r/a:1x4=2 ");
}

TEST(recordings, that_say_the_same_are_left_alone)
{
    const struct latd_match old = {.if_match = "\"0123\""};
    const struct latd_match fresh = {.if_none_match = "*"};
    struct latd_recording got;

    UNUSED_STATE;
    CHECK(put(recording("r", "s", "{}", 1), 10, NULL, NULL) == LAT_OK);
    CHECK(put(recording("r", "s", "{}", 1), 20, NULL, NULL) == LAT_OK);
    /* a client that asks again what it has not heard the answer of */
    CHECK(put(recording("r", "s", "{}", 1), 30, &fresh, NULL) == LAT_OK);
    /* two that made the same of what they had read: one did not */
    CHECK(put(recording("r", "s", "{}", 1), 30, &old, NULL) == LAT_EMATCH);
    CHECK(get(&got, "r", 0) == LAT_OK && got.changed_at == 10);
    latd_recording_fini(&got);
    assert_string_equal(what_was_heard(), "+r/a:1x4=1 ");
}

TEST(recordings, are_not_lost_between_two_writers)
{
    struct latd_match match = {.if_none_match = "*"};
    char first[LAT_DIGEST_HEX], tag[LAT_DIGEST_HEX + 2];
    struct act a = {.what = DELETE, .id = "r"};

    UNUSED_STATE;
    CHECK(put(recording("r", "s", "{}", 1), 10, &match, first) == LAT_OK);
    CHECK(put(recording("r", "s", "{}", 2), 10, &match, NULL) == LAT_EMATCH);
    first[32] = '\0';
    snprintf(tag, sizeof(tag), "\"%s\"", first);
    match = (struct latd_match){.if_match = tag};
    CHECK(put(recording("r", "s", "{}", 3), 10, &match, NULL) == LAT_OK);
    CHECK(put(recording("r", "s", "{}", 4), 10, &match, NULL) == LAT_EMATCH);
    a.put.match = match;
    CHECK(do_it(&a, NULL) == LAT_EMATCH);
    match.if_match = "*";
    CHECK(put(recording("r", "s", "{}", 5), 10, &match, NULL) == LAT_OK);
    CHECK(put(recording("new", "s", "{}", 5), 10, &match, NULL) == LAT_EMATCH);
}

TEST(recordings, of_a_subject_go_with_all_that_is_theirs)
{
    struct act a = {.what = DELETE_SUBJECT, .subject = "s1"};
    struct latd_recording r = recording("1", "s1", "{}", 1), got;

    UNUSED_STATE;
    r.embeddings[0].keys = lat_calloc(3, LAT_DIGEST);
    r.embeddings[0].n_keys = 3;
    add_embedding(&r, digest_b, 2, 1);
    r.waveform.signal = lat_strdup("{}");
    r.waveform.v = floats(10, 0);
    r.waveform.n = 10;
    CHECK(put(r, 1, NULL, NULL) == LAT_OK);
    CHECK(put(recording("2", "s1", "{}", 2), 1, NULL, NULL) == LAT_OK);
    CHECK(put(recording("3", "s2", "{}", 3), 1, NULL, NULL) == LAT_OK);
    CHECK(put(recording("4", "", "{}", 4), 1, NULL, NULL) == LAT_OK);
    (void)what_was_heard();
    CHECK(do_it(&a, NULL) == LAT_OK);
    CHECK(a.gone.recordings == 2 && a.gone.vectors == 3);
    CHECK(a.gone.waveforms == 1 && a.gone.keys.len == 3 * LAT_DIGEST);
    assert_string_equal(what_was_heard(), "-1 -2 ");
    CHECK(get(&got, "1", 0) == LAT_ENOENT);
    CHECK(get(&got, "3", 0) == LAT_OK);
    latd_recording_fini(&got);
    CHECK(do_it(&a, NULL) == LAT_OK && a.gone.recordings == 0);
    latd_deleted_fini(&a.gone);
}

TEST(recordings, grow_old_from_their_last_change)
{
    struct act a = {.what = EXPIRE, .before = 100};

    UNUSED_STATE;
    CHECK(put(recording("a", "", "{}", 1), 10, NULL, NULL) == LAT_OK);
    CHECK(put(recording("b", "", "{}", 1), 20, NULL, NULL) == LAT_OK);
    CHECK(put(recording("c", "", "{}", 1), 30, NULL, NULL) == LAT_OK);
    CHECK(put(recording("d", "", "{}", 1), 100, NULL, NULL) == LAT_OK);
    CHECK(put(recording("a", "", "{}", 2), 200, NULL, NULL) == LAT_OK);
    CHECK(do_it(&a, NULL) == LAT_OK && a.gone.recordings == 2);
    assert_string_equal(list(&(struct latd_recordings_filter){0}), "a d ");
    CHECK(do_it(&a, NULL) == LAT_OK && a.gone.recordings == 0);
    latd_deleted_fini(&a.gone);
}

TEST(recordings, grow_old_by_a_clock_that_does_not_jump)
{
    const int64_t day = 86400, year = 365 * day, t = 1800000000;

    UNUSED_STATE;
    CHECK(latd_retention_clock(0, t, 0) == t); /* the first look */
    CHECK(latd_retention_clock(t, t + 3600, 3600) == t + 3600);
    CHECK(latd_retention_clock(t, t - year, 3600) == t);
    CHECK(latd_retention_clock(t, t + year, 3600) == t + 3600 + day);
    CHECK(latd_retention_clock(t, t + year, 0) == t + day);
    CHECK(latd_retention_clock(t, t + day, 0) == t + day);
    CHECK(latd_retention_clock(t, 0, 100) == t);
}

TEST(recordings, are_listed_by_id_page_by_page_and_filtered)
{
    struct latd_recordings_filter f = {.limit = 2};

    UNUSED_STATE;
    CHECK(put(recording("c", "s1", "{\"k\":\"x\",\"n\":61}", 1), 1, NULL,
              NULL) == LAT_OK);
    CHECK(put(recording("a", "s1", "{\"k\":\"y\",\"t\":true}", 1), 1, NULL,
              NULL) == LAT_OK);
    CHECK(put(recording("b", "s2", "{\"k\":\"x\",\"o.p\":\"q\"}", 1), 1, NULL,
              NULL) == LAT_OK);
    assert_string_equal(list(&f), "a b ");
    f.after = "b";
    assert_string_equal(list(&f), "c ");
    f.after = "aa"; /* one that is not there */
    assert_string_equal(list(&f), "b c ");
    f = (struct latd_recordings_filter){.subject = "s1"};
    assert_string_equal(list(&f), "a c ");
    f = (struct latd_recordings_filter){.n = 1, .metadata = {{"k", "x"}}};
    assert_string_equal(list(&f), "b c ");
    f.metadata[f.n].key = "n";
    f.metadata[f.n++].value = "61";
    assert_string_equal(list(&f), "c ");
    f = (struct latd_recordings_filter){.n = 1, .metadata = {{"t", "true"}}};
    assert_string_equal(list(&f), "a ");
    f = (struct latd_recordings_filter){.n = 1, .metadata = {{"o.p", "q"}}};
    assert_string_equal(list(&f), "b ");
    f = (struct latd_recordings_filter){.model = "ma"};
    assert_string_equal(list(&f), "a b c ");
    f.model = "ma@1";
    f.subject = "s2";
    assert_string_equal(list(&f), "b ");
    f = (struct latd_recordings_filter){.model = "m"};
    assert_string_equal(list(&f), "");
    f = (struct latd_recordings_filter){.digest = digest_b};
    assert_string_equal(list(&f), "");
}

/* What lists by metadata go by follows every change; values that are too long
 * for it are found all the same. */
TEST(recordings, are_listed_by_what_their_metadata_say_now)
{
    struct latd_recordings_filter f = {.n = 1, .metadata = {{"k", "x"}}};
    struct act gone = {.what = DELETE, .id = "b"};
    static char text[400], json[420];

    UNUSED_STATE;
    memset(text, 'q', sizeof(text) - 1);
    snprintf(json, sizeof(json), "{\"long\":\"%s\"}", text);
    CHECK(put(recording("a", "", "{\"k\":\"x\",\"z\":null}", 1), 1, NULL,
              NULL) == LAT_OK);
    CHECK(put(recording("b", "", "{\"k\":\"x\",\"l\":[1,2]}", 1), 1, NULL,
              NULL) == LAT_OK);
    CHECK(put(recording("c", "", json, 1), 1, NULL, NULL) == LAT_OK);
    assert_string_equal(list(&f), "a b ");
    f.metadata[1].key = "l";
    f.metadata[1].value = "[1,2]";
    f.n = 2;
    assert_string_equal(list(&f), "b ");
    f = (struct latd_recordings_filter){.n = 1, .metadata = {{"z", "null"}}};
    assert_string_equal(list(&f), "a ");
    f = (struct latd_recordings_filter){.n = 1, .metadata = {{"long", text}}};
    assert_string_equal(list(&f), "c ");
    f = (struct latd_recordings_filter){.n = 1, .metadata = {{"k", "x"}}};
    CHECK(put(recording("a", "", "{\"k\":\"y\"}", 1), 2, NULL, NULL) == LAT_OK);
    assert_string_equal(list(&f), "b ");
    CHECK(do_it(&gone, NULL) == LAT_OK);
    latd_deleted_fini(&gone.gone);
    assert_string_equal(list(&f), "");
    f.metadata[0].value = "y";
    f.after = "a";
    assert_string_equal(list(&f), "");
    f.after = NULL;
    assert_string_equal(list(&f), "a ");
}

/* One that fails after its work, in a group or alone, is never heard of. */
TEST(recordings, are_heard_of_when_they_are_committed)
{
    struct latd_recording r = recording("r", "s", "{}", 1), got;
    struct act a = {.what = PUT, .r = &r, .fail = true};

    UNUSED_STATE;
    CHECK(do_it(&a, NULL) == LAT_ECANCEL);
    assert_string_equal(what_was_heard(), "");
    CHECK(get(&got, "r", 0) == LAT_ENOENT);
    a.fail = false;
    CHECK(do_it(&a, NULL) == LAT_OK);
    assert_string_equal(what_was_heard(), "+r/a:1x4=1 ");
    latd_recording_fini(&r);
}

TEST(recordings, get_one_more_models_vectors)
{
    struct latd_recording more = {0}, got;
    struct act a = {.what = EMBED, .id = "r", .r = &more};

    UNUSED_STATE;
    CHECK(put(recording("r", "s", "{}", 1), 10, NULL, NULL) == LAT_OK);
    CHECK(get(&got, "r", 0) == LAT_OK);
    memcpy(more.etag, got.etag, LAT_DIGEST);
    latd_recording_fini(&got);
    add_embedding(&more, digest_b, 2, 7);
    (void)what_was_heard();
    CHECK(do_it(&a, NULL) == LAT_OK);
    assert_string_equal(what_was_heard(), "+r/a:1x4=1/b:2x4=7 ");
    CHECK(get(&got, "r", LATD_WITH_VECTORS) == LAT_OK);
    CHECK(got.n == 2 && got.embeddings[1].v[0] == 7 && got.changed_at == 10);
    CHECK(memcmp(got.etag, more.etag, LAT_DIGEST) != 0);
    latd_recording_fini(&got);
    CHECK(do_it(&a, NULL) == LAT_EMATCH); /* of what it was */
    a.id = "gone";
    CHECK(do_it(&a, NULL) == LAT_ENOENT);
    latd_recording_fini(&more);
}

static enum lat_code sum(void *arg, const struct latd_recording *r,
                         struct lat_err *err)
{
    (void)err;
    for (size_t i = 0; i < r->n; i++)
        *(double *)arg += (double)r->embeddings[i].v[0];
    return LAT_OK;
}

static unsigned n_progress;

static bool on_progress(void *arg, uint64_t visited, uint64_t all)
{
    (void)arg;
    CHECK(visited <= all && all == 10000);
    return ++n_progress > 1000;
}

TEST(recordings, are_scanned_with_their_vectors)
{
    struct latd_recording r = recording("0", "", "{}", 100);
    struct latd_recordings_scan scan = {.visit = sum};
    struct latd_recording many = recording("2", "", "{}", 0);
    struct act a = {.what = PUT_MANY, .r = &many, .put = {.now = 1}};
    double total = 0.0;

    UNUSED_STATE;
    scan.arg = &total;
    add_embedding(&r, digest_b, 1, 1000);
    CHECK(put(r, 1, NULL, NULL) == LAT_OK);
    CHECK(put(recording("1", "", "{}", 200), 1, NULL, NULL) == LAT_OK);
    CHECK(latd_recordings_scan(db, &scan, NULL) == LAT_OK && total == 1300);
    scan.digest = digest_a;
    total = 0.0;
    CHECK(latd_recordings_scan(db, &scan, NULL) == LAT_OK && total == 1300);
    scan.digest = digest_b;
    total = 0.0;
    CHECK(latd_recordings_scan(db, &scan, NULL) == LAT_OK && total == 1100);
    CHECK(do_it(&a, NULL) == LAT_OK);
    latd_recording_fini(&many);
    scan.digest = NULL;
    scan.progress = on_progress;
    n_progress = 0;
    CHECK(latd_recordings_scan(db, &scan, NULL) == LAT_ECANCEL);
    CHECK(n_progress == 1);
}

TEST(recordings, stand_still_under_a_cursor)
{
    struct latd_recordings_filter f = {.digest = digest_a};
    struct latd_recordings_cursor *c = NULL;
    const struct latd_recording *r;
    struct act a = {.what = DELETE, .id = "2"};

    UNUSED_STATE;
    CHECK(put(recording("1", "", "{}", 1), 1, NULL, NULL) == LAT_OK);
    CHECK(put(recording("2", "", "{}", 2), 1, NULL, NULL) == LAT_OK);
    CHECK(latd_recordings_cursor_open(&c, db, &f, LATD_WITH_VECTORS, NULL) ==
          LAT_OK);
    CHECK(latd_recordings_cursor_count(c) == 2);
    CHECK(latd_recordings_cursor_next(&r, c, NULL) == LAT_OK && r);
    CHECK(do_it(&a, NULL) == LAT_OK);
    CHECK(latd_recordings_cursor_next(&r, c, NULL) == LAT_OK && r);
    CHECK(r->embeddings[0].v[0] == 2);
    CHECK(latd_recordings_cursor_next(&r, c, NULL) == LAT_OK && !r);
    CHECK(latd_recordings_cursor_next(&r, c, NULL) == LAT_OK && !r);
    latd_recordings_cursor_close(c);
    latd_deleted_fini(&a.gone);
}

#define S(sentence) \
    cmocka_unit_test_setup_teardown(recordings_##sentence, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        S(come_back_as_they_were_put),
        S(have_ids_of_any_text),
        S(are_replaced_whole),
        S(that_say_the_same_are_left_alone),
        S(are_not_lost_between_two_writers),
        S(of_a_subject_go_with_all_that_is_theirs),
        S(grow_old_from_their_last_change),
        S(grow_old_by_a_clock_that_does_not_jump),
        S(are_listed_by_id_page_by_page_and_filtered),
        S(are_listed_by_what_their_metadata_say_now),
        S(are_heard_of_when_they_are_committed),
        S(get_one_more_models_vectors),
        S(are_scanned_with_their_vectors),
        S(stand_still_under_a_cursor),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
