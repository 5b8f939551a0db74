/* test_files.c - forms piece by piece; files on disk and their rows. */
#define _GNU_SOURCE
#include "../../core/base/mem.h"
#include "../../server/files.h"
#include "../../server/idempotency.h"
#include "../../server/store/answers.h"
#include "../../server/wire.h"
#include "../../server/wire/intake.h"
#include "../check.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- a form, cut anywhere ---- */

struct seen {
    struct lat_buf text; /* [name/file] bytes … */
};

static enum lat_code on_part(void *arg, const struct latd_part *part,
                             struct lat_err *err)
{
    struct seen *s = arg;

    (void)err;
    lat_buf_printf(&s->text, "[%s/%s]", part->name, part->file);
    return LAT_OK;
}

static enum lat_code on_data(void *arg, const char *p, size_t len,
                             struct lat_err *err)
{
    struct seen *s = arg;

    (void)err;
    lat_buf_put(&s->text, p, len);
    return LAT_OK;
}

/* Feeds body in two pieces, then byte by byte when cut is 0. */
static enum lat_code feed(struct seen *s, const char *body, size_t len,
                          size_t cut, struct lat_err *err)
{
    const struct latd_intake_ops ops = {on_part, on_data, s};
    struct latd_intake *f = NULL;
    enum lat_code code;

    CHECK(latd_intake_new(&f, "multipart/form-data; boundary=XX", &ops, NULL) ==
          LAT_OK);
    if (cut > 0) {
        code = latd_intake_feed(f, body, cut, err);
        if (!code)
            code = latd_intake_feed(f, body + cut, len - cut, err);
    } else {
        code = LAT_OK;
        for (size_t i = 0; !code && i < len; i++)
            code = latd_intake_feed(f, body + i, 1, err);
    }
    if (!code)
        code = latd_intake_finish(f, err);
    latd_intake_free(f);
    return code;
}

#define HEAD(name) "Content-Disposition: form-data; name=" name "\r\n\r\n"

TEST(intake, finds_the_same_parts_wherever_it_is_cut)
{
    static const char body[] = "--XX\r\n" HEAD(
        "\"purpose\"") "fine-tune"
                       "\r\n--XX \r\n" HEAD("empty") "\r\n--XX\r\nX-Odd: "
                                                     "1\r\n" HEAD(
                                                         "\"file\"; "
                                                         "filename=\"a/"
                                                         "b.csv\"") "1\r\n-"
                                                                    "-X\r\n"
                                                                    "--\r\n"
                                                                    "\r\n--"
                                                                    "XX--"
                                                                    "epilog"
                                                                    "ue\r\n"
                                                                    "--XX";
    static const char want[] =
        "[purpose/]fine-tune[empty/][file/b.csv]1\r\n--X\r\n--\r\n";

    UNUSED_STATE;
    for (size_t cut = 0; cut < sizeof(body) - 1; cut++) {
        struct seen s = {{0}};

        CHECK(feed(&s, body, sizeof(body) - 1, cut, NULL) == LAT_OK);
        assert_string_equal(s.text.v, want);
        lat_buf_fini(&s.text);
    }
}

TEST(intake, a_form_that_is_cut_short_or_malformed_is_refused)
{
    static const char whole[] = "--XX\r\n" HEAD("file") "12345\r\n--XX--";
    static const struct {
        const char *body, *said;
    } bad[] = {
        {"nothing of the kind at all", "does not begin"},
        {"--XY\r\n", "does not begin"},
        {"--XXjunk\r\n", "middle of a line"},
        {"--XX\r\n\r\nx\r\n--XX--", "without a name"},
        {"--XX\r\nContent-Disposition: form-data\r\n\r\n", "with a name"},
        {"--XX\r\nContent-Transfer-Encoding: base64\r\n", "transfer encoding"},
    };
    struct lat_err err;

    UNUSED_STATE;
    for (size_t len = 0; len < sizeof(whole) - 1; len++) {
        struct seen s = {{0}};

        CHECK(feed(&s, whole, len, len / 2, &err) == LAT_EFORMAT);
        CHECK(strstr(err.msg, "cut short"));
        lat_buf_fini(&s.text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct seen s = {{0}};

        CHECK(feed(&s, bad[i].body, strlen(bad[i].body), 0, &err) ==
              LAT_EFORMAT);
        CHECK(strstr(err.msg, bad[i].said));
        lat_buf_fini(&s.text);
    }
}

TEST(intake, a_header_without_an_end_does_not_grow)
{
    struct lat_buf b = {0};
    struct seen s = {{0}};
    struct lat_err err;

    UNUSED_STATE;
    lat_buf_puts(&b, "--XX\r\nX: ");
    for (int i = 0; i < 2000; i++)
        lat_buf_puts(&b, "y");
    CHECK(feed(&s, b.v, b.len, 0, &err) == LAT_EFORMAT);
    CHECK(strstr(err.msg, "do not end"));
    lat_buf_fini(&b);
    lat_buf_fini(&s.text);
}

TEST(intake, another_type_is_refused)
{
    const struct latd_intake_ops ops = {on_part, on_data, NULL};
    struct latd_intake *f = NULL;

    UNUSED_STATE;
    CHECK(latd_intake_new(&f, "text/csv", &ops, NULL) == LAT_EMEDIA);
    CHECK(latd_intake_new(&f, NULL, &ops, NULL) == LAT_EMEDIA);
    CHECK(latd_intake_new(&f, "multipart/form-data", &ops, NULL) ==
          LAT_EFORMAT);
    CHECK(!f);
}

/* ---- a folder of files ---- */

static char dir[64];
static struct latd_database *db;
static struct latd_ulid ulid;

static int set_up(void **state)
{
    struct latd_database_options opt = {
        .dir = dir, .network_ok = true, .queue = 100};

    UNUSED_STATE;
    latd_wire_init();
    snprintf(dir, sizeof(dir), "/tmp/latentd-test-XXXXXX");
    if (!mkdtemp(dir))
        return -1;
    latd_ulid_init(&ulid);
    return (int)latd_database_open(&db, &opt, NULL);
}

static int tear_down(void **state)
{
    char cmd[128];

    UNUSED_STATE;
    latd_database_close(db);
    latd_ulid_fini(&ulid);
    snprintf(cmd, sizeof(cmd), "rm -rf '%s'", dir);
    return system(cmd);
}

static struct latd_files *files(uint64_t max_file, uint64_t all)
{
    const struct latd_files_options opt = {
        .dir = dir,
        .database = db,
        .ulid = &ulid,
        .max_file_bytes = max_file,
        .files_bytes = all,
        .unpacked = {1 << 20, 100, "max-unpacked-bytes"}};
    struct latd_files *f = NULL;
    struct lat_err err = {0};

    if (latd_files_new(&f, &opt, &err))
        print_error("%s\n", err.msg);
    assert_non_null(f);
    return f;
}

static size_t count_files(const char *prefix)
{
    char path[96];
    struct dirent *e;
    size_t n = 0;
    DIR *d;

    snprintf(path, sizeof(path), "%s/files", dir);
    d = opendir(path);
    assert_non_null(d);
    while ((e = readdir(d)) != NULL)
        n += strncmp(e->d_name, prefix, strlen(prefix)) == 0;
    closedir(d);
    return n;
}

struct change {
    struct latd_change change;
    struct latd_files *files;
    struct latd_upload *upload;
    struct latd_file *file;
    const char *id, *holder;
    bool fail;
};

static void done(struct latd_change *c)
{
    (void)c;
}

static enum lat_code run_store(struct latd_change *change,
                               struct latd_rows *rows, struct lat_err *err)
{
    struct change *c = (struct change *)change;
    enum lat_code code = latd_upload_store(c->upload, rows, c->file, err);

    return !code && c->fail ? lat_fail(err, LAT_EIO, "made to fail") : code;
}

static enum lat_code run_delete(struct latd_change *change,
                                struct latd_rows *rows, struct lat_err *err)
{
    struct change *c = (struct change *)change;

    return latd_files_delete(c->files, rows, c->id, err);
}

static enum lat_code run_hold(struct latd_change *change,
                              struct latd_rows *rows, struct lat_err *err)
{
    struct change *c = (struct change *)change;

    return latd_rows_file_hold(rows, c->id, c->holder, err);
}

static enum lat_code run_release(struct latd_change *change,
                                 struct latd_rows *rows, struct lat_err *err)
{
    struct change *c = (struct change *)change;

    return latd_rows_file_release(rows, c->holder, err);
}

static enum lat_code write_change(struct change *c,
                                  enum lat_code (*run)(struct latd_change *,
                                                       struct latd_rows *,
                                                       struct lat_err *),
                                  struct lat_err *err)
{
    c->change = (struct latd_change){.run = run, .done = done};
    return latd_database_write_wait(db, &c->change, err);
}

/* One upload through all of its life. */
static enum lat_code upload(struct latd_files *f, const char *name,
                            const char *text, char id[LATD_ID_MAX], bool fail,
                            struct lat_err *err)
{
    struct latd_file file = {.purpose = "fine-tune"};
    struct latd_upload *u = NULL;
    enum lat_code code = latd_upload_open(&u, f, err);

    snprintf(file.filename, sizeof(file.filename), "%s", name);
    if (!code)
        code = latd_upload_write(u, text, strlen(text), err);
    if (!code) {
        latd_upload_digest(u, &file);
        code = latd_upload_finish(u, &file, err);
    }
    if (!code) {
        struct change c = {.upload = u, .file = &file, .fail = fail};

        code = write_change(&c, run_store, err);
    }
    memcpy(id, file.id, LATD_ID_MAX);
    latd_upload_close(u);
    latd_file_fini(&file);
    return code;
}

TEST(files, are_there_when_their_row_is)
{
    struct latd_files *f = files(1000, 10000);
    struct lat_place place;
    char id[LATD_ID_MAX], *text;
    struct latd_file row;
    struct latd_rows *rows;
    size_t len;

    UNUSED_STATE;
    CHECK(upload(f, "x.csv", "II\n1\n2\n", id, false, NULL) == LAT_OK);
    CHECK(latd_ulid_is(id, "file-"));
    rows = latd_database_borrow(db);
    CHECK(latd_rows_file_get(&row, rows, id, NULL) == LAT_OK);
    latd_database_return(db, rows);
    CHECK(row.bytes == 7 && row.usable);
    /* printf 'II\n1\n2\n' | sha256sum */
    assert_string_equal(
        row.sha256,
        "be39b9293e3073920e71fd70c14667f802d92e9b7577058ca870826f25b1f3c9");
    CHECK(strstr(row.report, "\"recordings\":1,\"rejected\":0"));
    latd_file_fini(&row);
    CHECK(latd_files_place(f, id, &place, NULL) == LAT_OK);
    assert_string_equal(place.name, "x.csv");
    CHECK(lat_file_read(&text, &len, place.path, 100, NULL) == LAT_OK);
    assert_string_equal(text, "II\n1\n2\n");
    lat_free(text);
    CHECK(latd_files_place(f, "../latentd.db", &place, NULL) == LAT_ENOENT);
    latd_files_free(f);
}

TEST(files, leave_nothing_when_their_row_is_not_made)
{
    struct latd_files *f = files(1000, 10000);
    char id[LATD_ID_MAX], text[100];

    UNUSED_STATE;
    CHECK(upload(f, "x.csv", "II\n1\n2\n", id, true, NULL) == LAT_EIO);
    CHECK(count_files("file-") == 0 && count_files("upload-") == 0);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    /* and are not counted either: again and again */
    for (int i = 0; i < 300; i++)
        if (upload(f, "x.doc", text, id, false, NULL) != LAT_EMEDIA)
            fail();
    CHECK(count_files("upload-") == 0);
    CHECK(upload(f, "x.csv", "II\n1\n2\n", id, false, NULL) == LAT_OK);
    latd_files_free(f);
}

TEST(files, name_the_limit_that_they_pass)
{
    struct latd_files *f = files(1024, 1500);
    char id[LATD_ID_MAX], text[2000];
    struct lat_err err;

    UNUSED_STATE;
    memset(text, 'x', sizeof(text));
    text[1025] = '\0';
    CHECK(upload(f, "x.csv", text, id, false, &err) == LAT_ETOOBIG);
    CHECK(strstr(err.msg, "max-file-bytes"));
    text[1000] = '\0';
    CHECK(upload(f, "x.csv", text, id, false, &err) == LAT_OK);
    CHECK(upload(f, "x.csv", text, id, false, &err) == LAT_ENOSPACE);
    CHECK(strstr(err.msg, "files-bytes"));
    text[400] = '\0';
    CHECK(upload(f, "x.csv", text, id, false, &err) == LAT_OK);
    CHECK(count_files("file-") == 2);
    latd_files_free(f);
}

TEST(files, what_a_crash_left_is_swept)
{
    struct latd_files *f = files(1000, 1000);
    char id[LATD_ID_MAX], path[128];
    struct lat_err err;

    UNUSED_STATE;
    CHECK(upload(f, "x.csv", "II\n1\n2\n", id, false, NULL) == LAT_OK);
    latd_files_free(f);
    snprintf(path, sizeof(path), "%s/files/upload-a1B2c3", dir);
    CHECK(lat_file_write(path, "half", 4, NULL) == LAT_OK);
    snprintf(path, sizeof(path), "%s/files/file-01ARZ3NDEKTSV4RRFFQ69G5FAV",
             dir);
    CHECK(lat_file_write(path, "no row", 6, NULL) == LAT_OK);
    snprintf(path, sizeof(path), "%s/files/README", dir);
    CHECK(lat_file_write(path, "not ours", 8, NULL) == LAT_OK);
    f = files(1000, 1000);
    CHECK(count_files("upload-") == 0 && count_files("file-") == 1);
    CHECK(count_files("README") == 1);
    /* what is there counts */
    memset(path, 'x', sizeof(path) - 1);
    path[sizeof(path) - 1] = '\0';
    for (int i = 0; i < 7; i++)
        CHECK(upload(f, "x.csv", path, id, false, NULL) == LAT_OK);
    CHECK(upload(f, "x.csv", path, id, false, &err) == LAT_ENOSPACE);
    latd_files_free(f);
}

TEST(files, stay_while_somebody_needs_them)
{
    struct latd_files *f = files(1000, 1000);
    char id[LATD_ID_MAX];
    struct change c = {.files = f, .id = id, .holder = "ftjob-1"};
    struct lat_err err;

    UNUSED_STATE;
    CHECK(upload(f, "x.csv", "II\n1\n2\n", id, false, NULL) == LAT_OK);
    CHECK(write_change(&c, run_hold, &err) == LAT_OK);
    CHECK(write_change(&c, run_hold, &err) == LAT_OK);
    CHECK(write_change(&c, run_delete, &err) == LAT_EBUSY);
    CHECK(strstr(err.msg, "ftjob-1"));
    c.id = "file-01ARZ3NDEKTSV4RRFFQ69G5FAV";
    CHECK(write_change(&c, run_hold, &err) == LAT_ENOENT);
    c.id = id;
    CHECK(write_change(&c, run_release, &err) == LAT_OK);
    CHECK(count_files("file-") == 1);
    CHECK(write_change(&c, run_delete, &err) == LAT_OK);
    CHECK(count_files("file-") == 0);
    CHECK(write_change(&c, run_delete, &err) == LAT_ENOENT);
    latd_files_free(f);
}

struct page {
    size_t n;
    char ids[8][LATD_ID_MAX];
};

static void on_file(void *arg, const struct latd_file *f)
{
    struct page *p = arg;

    memcpy(p->ids[p->n++], f->id, LATD_ID_MAX);
}

TEST(files, are_listed_page_by_page)
{
    struct latd_files *f = files(1000, 1000);
    struct page p = {0};
    struct latd_file_list list = {.limit = 2, .each = on_file, .arg = &p};
    char ids[5][LATD_ID_MAX];
    struct latd_rows *rows;

    UNUSED_STATE;
    for (int i = 0; i < 5; i++)
        CHECK(upload(f, "x.csv", "II\n1\n2\n", ids[i], false, NULL) == LAT_OK);
    rows = latd_database_borrow(db);
    CHECK(latd_rows_file_list(&list, rows, NULL) == LAT_OK);
    CHECK(p.n == 2 && list.more);
    assert_string_equal(p.ids[0], ids[4]);
    list.after = ids[3];
    CHECK(latd_rows_file_list(&list, rows, NULL) == LAT_OK);
    CHECK(p.n == 4 && list.more);
    assert_string_equal(p.ids[2], ids[2]);
    list.after = ids[1];
    CHECK(latd_rows_file_list(&list, rows, NULL) == LAT_OK);
    CHECK(p.n == 5 && !list.more);
    list.purpose = "batch";
    list.after = NULL;
    CHECK(latd_rows_file_list(&list, rows, NULL) == LAT_OK);
    CHECK(p.n == 5 && !list.more);
    list.purpose = "fine-tune";
    list.oldest_first = true;
    list.after = ids[3];
    CHECK(latd_rows_file_list(&list, rows, NULL) == LAT_OK);
    CHECK(p.n == 6 && !list.more);
    assert_string_equal(p.ids[5], ids[4]);
    latd_database_return(db, rows);
    latd_files_free(f);
}

/* ---- answers ---- */

struct answer_change {
    struct latd_change change;
    int64_t now;
};

static enum lat_code run_answer(struct latd_change *change,
                                struct latd_rows *rows, struct lat_err *err)
{
    struct answer_change *c = (struct answer_change *)change;
    const struct latd_answer a = {.status = 200, .body = (char *)"{}"};

    return latd_rows_answer_put(rows, "op key", &a, c->now, err);
}

TEST(answers, are_kept_for_a_day)
{
    struct answer_change c = {.change = {.run = run_answer, .done = done},
                              .now = 1000000};
    struct latd_answer a = {.body = NULL};
    struct latd_rows *rows;
    bool found = true;

    UNUSED_STATE;
    CHECK(latd_database_write_wait(db, &c.change, NULL) == LAT_OK);
    rows = latd_database_borrow(db);
    CHECK(latd_rows_answer_get(&found, &a, rows, "op key", 1086399, NULL) ==
          LAT_OK);
    CHECK(found && a.status == 200);
    assert_string_equal(a.body, "{}");
    lat_free(a.body);
    CHECK(latd_rows_answer_get(&found, &a, rows, "op key", 1086400, NULL) ==
          LAT_OK);
    CHECK(!found);
    CHECK(latd_rows_answer_get(&found, &a, rows, "op other", 1000001, NULL) ==
          LAT_OK);
    CHECK(!found);
    latd_database_return(db, rows);
}

/* ---- claims ---- */

struct ask {
    struct latd_req req;
    const char *key;
};

static const char *get_key(const struct latd_req *req, enum latd_place place,
                           const char *name)
{
    (void)place;
    (void)name;
    return ((const struct ask *)req)->key;
}

struct keep_change {
    struct latd_change change;
    struct latd_claim *claim;
};

static enum lat_code run_keep(struct latd_change *change,
                              struct latd_rows *rows, struct lat_err *err)
{
    return latd_idempotency_keep(((struct keep_change *)change)->claim, rows,
                                 201, "{\"a\":1}", err);
}

TEST(claims, one_request_at_a_time_has_a_key)
{
    static const uint8_t one[LAT_DIGEST] = {1}, other[LAT_DIGEST] = {2};
    struct latd_app *app = lat_calloc(1, sizeof(*app));
    struct ask a = {.req = {.app = app, .get = get_key}, .key = "k"}, b = a;
    struct latd_claim c = {0}, d = {0};
    struct keep_change keep = {{.run = run_keep, .done = done}, &c};

    UNUSED_STATE;
    app->database = db;
    CHECK(latd_idempotency_new(&app->idempotency, NULL) == LAT_OK);
    CHECK(latd_idempotency_claim(&c, &a.req, "op", one) == LAT_OK);
    CHECK(!c.replayed);
    CHECK(latd_idempotency_claim(&d, &b.req, "op", one) == LAT_EBUSY);
    assert_string_equal(b.req.err.word, "request_in_progress");
    latd_idempotency_release(&d); /* holds nothing */
    CHECK(latd_idempotency_claim(&d, &b.req, "another", one) == LAT_OK);
    latd_idempotency_release(&d);
    CHECK(latd_database_write_wait(db, &keep.change, NULL) == LAT_OK);
    latd_idempotency_release(&c);
    d = (struct latd_claim){0};
    CHECK(latd_idempotency_claim(&d, &b.req, "op", other) == LAT_EUNFIT);
    latd_idempotency_release(&d);
    d = (struct latd_claim){0};
    CHECK(latd_idempotency_claim(&d, &b.req, "op", one) == LAT_OK);
    CHECK(d.replayed && b.req.reply.status == 201);
    assert_string_equal(b.req.reply.body.v, "{\"a\":1}");
    latd_idempotency_release(&d);
    b.key = "a blank";
    d = (struct latd_claim){0};
    CHECK(latd_idempotency_claim(&d, &b.req, "op", one) == LAT_EINVAL);
    b.key = NULL;
    CHECK(latd_idempotency_claim(&d, &b.req, "op", one) == LAT_OK);
    CHECK(!d.held && !d.replayed);
    lat_buf_fini(&b.req.reply.body);
    latd_idempotency_free(app->idempotency);
    lat_free(app);
}

#define WITH(room, sentence) \
    cmocka_unit_test_setup_teardown(room##_##sentence, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(intake, finds_the_same_parts_wherever_it_is_cut),
        T(intake, a_form_that_is_cut_short_or_malformed_is_refused),
        T(intake, a_header_without_an_end_does_not_grow),
        T(intake, another_type_is_refused),
        WITH(files, are_there_when_their_row_is),
        WITH(files, leave_nothing_when_their_row_is_not_made),
        WITH(files, name_the_limit_that_they_pass),
        WITH(files, what_a_crash_left_is_swept),
        WITH(files, stay_while_somebody_needs_them),
        WITH(files, are_listed_page_by_page),
        WITH(answers, are_kept_for_a_day),
        WITH(claims, one_request_at_a_time_has_a_key),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
