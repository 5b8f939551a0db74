/* test_data.c - manifests, archives, and data sets made of them. */
#include "../../core/base/mem.h"
#include "../../core/formats/archive.h"
#include "tiny.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct lat_archive_limits roomy = {1 << 24, 1000, "max-x"};

/* ---- a tar by hand ---- */

static void tar_add(struct lat_buf *b, const char *name, char type,
                    const char *link, const void *data, size_t len)
{
    char h[512] = {0}, zeros[512] = {0};
    unsigned sum = 0;

    snprintf(h, 100, "%s", name);
    memcpy(h + 100, "0000644\0000000000\0000000000\0", 24);
    snprintf(h + 124, 12, "%011o", (unsigned)len);
    memcpy(h + 136, "00000000000\0        ", 20);
    h[156] = type;
    snprintf(h + 157, 100, "%s", link);
    memcpy(h + 257, "ustar\00000", 8);
    for (size_t i = 0; i < 512; i++)
        sum += (unsigned char)h[i];
    snprintf(h + 148, 8, "%06o", sum);
    lat_buf_put(b, h, 512);
    lat_buf_put(b, data, len);
    lat_buf_put(b, zeros, (512 - len % 512) % 512);
}

static void tar_end(struct lat_buf *b)
{
    char zeros[1024] = {0};

    lat_buf_put(b, zeros, sizeof(zeros));
    CHECK(!b->failed);
}

static struct lat_archive *unpack(struct lat_buf *b)
{
    struct lat_blob file = {"x.tar", b->v, b->len};
    struct lat_archive *a = NULL;
    struct lat_err err = {0};

    if (lat__archive_decode(&a, &file, &roomy, &err))
        print_error("%s\n", err.msg);
    assert_non_null(a);
    return a;
}

TEST(archive, entries_are_found_by_name)
{
    struct lat_buf b = {0};
    struct lat_archive *a;

    UNUSED_STATE;
    tar_add(&b, "b/z.csv", '0', "", "zz", 2);
    tar_add(&b, "b/", '5', "", "", 0);
    tar_add(&b, ".//./a.csv", '0', "", "hello", 5);
    tar_add(&b, "__MACOSX/a.csv", '0', "", "x", 1);
    tar_end(&b);
    a = unpack(&b);
    CHECK(lat_archive_count(a) == 2);
    CHECK(strcmp(lat_archive_get(a, 0)->name, "a.csv") == 0);
    CHECK(lat_archive_find(a, "a.csv")->len == 5);
    CHECK(memcmp(lat_archive_find(a, "b/z.csv")->data, "zz", 2) == 0);
    CHECK(!lat_archive_find(a, "z.csv") && !lat_archive_find(a, "../a.csv"));
    lat_archive_free(a);
    lat_buf_fini(&b);
}

static void check_refused(const char *name, char type, const char *link,
                          const char *said)
{
    struct lat_buf b = {0};
    struct lat_archive *a = NULL;
    struct lat_blob file;
    struct lat_err err = {0};

    tar_add(&b, "good.csv", '0', "", "x", 1);
    tar_add(&b, name, type, link, "x", type == '0');
    tar_end(&b);
    file = (struct lat_blob){"x.tar", b.v, b.len};
    CHECK(lat__archive_decode(&a, &file, &roomy, &err) == LAT_EFORMAT);
    if (!strstr(err.msg, said))
        print_error("%s: %s\n", name, err.msg);
    CHECK(!a && strstr(err.msg, said));
    lat_buf_fini(&b);
}

TEST(archive, what_leads_out_of_it_is_refused)
{
    UNUSED_STATE;
    check_refused("../evil.csv", '0', "", "leads out");
    check_refused("/etc/passwd", '0', "", "leads out");
    check_refused("a/../../b", '0', "", "leads out");
    check_refused("a/..", '0', "", "leads out");
    check_refused("a\\..\\b", '0', "", "leads out");
    check_refused("link.csv", '2', "/etc/passwd", "is a link");
    check_refused("link.csv", '1', "good.csv", "is a link");
    check_refused("dev", '3', "", "no plain file");
    check_refused("pipe", '6', "", "no plain file");
    check_refused("good.csv", '0', "", "stands twice");
    check_refused("a\nb.csv", '0', "", "plain characters");
}

TEST(archive, no_more_is_unpacked_than_the_limits)
{
    struct lat_archive_limits small = {999, 1000, "max-x"},
                              few = {9999, 2, NULL};
    char data[400] = {0};
    struct lat_buf b = {0};
    struct lat_archive *a = NULL;
    struct lat_blob file;
    struct lat_err err;

    UNUSED_STATE;
    for (int i = 0; i < 3; i++) {
        char name[24];

        snprintf(name, sizeof(name), "%d.csv", i);
        tar_add(&b, name, '0', "", data, sizeof(data));
    }
    tar_end(&b);
    file = (struct lat_blob){"x.tar", b.v, b.len};
    CHECK(lat__archive_decode(&a, &file, &small, &err) == LAT_ETOOBIG);
    CHECK(strstr(err.msg, "more than 999 bytes") && strstr(err.msg, "max-x"));
    CHECK(lat__archive_decode(&a, &file, &few, &err) == LAT_ETOOBIG);
    CHECK(strstr(err.msg, "more than 2 entries"));
    file.len = 700; /* cut short */
    CHECK(lat__archive_decode(&a, &file, &roomy, &err) == LAT_EFORMAT);
    file = (struct lat_blob){"x.tar", "no archive at all, this", 23};
    CHECK(lat__archive_decode(&a, &file, &roomy, &err) == LAT_EFORMAT);
    lat_buf_fini(&b);
}

/* ---- manifests ---- */

static struct lat_manifest *manifest(const char *text)
{
    struct lat_blob file = {"m.jsonl", text, strlen(text)};
    struct lat_manifest *m = NULL;

    CHECK(lat_manifest_decode(&m, &file, NULL) == LAT_OK);
    return m;
}

TEST(manifest, says_where_each_recording_is_and_whose)
{
    struct lat_manifest *m = manifest(
        "{\"file\":\"b.zip\",\"entry\":\"s1.edf\",\"subject\":\"p12\","
        "\"label\":null,\"segment\":[0,5000]}\n"
        "\n"
        "{\"file\":\"a.npy\",\"subject\":\"p12\",\"label\":\"sinus\","
        "\"sampling_rate_hz\":250.5,\"channels\":[\"I\",{\"name\":\"II\","
        "\"unit\":\"mV\"}]}\r\n"
        "{\"file\":\"a.npy\",\"subject\":\"p13\",\"label\":7,"
        "\"segment\":[5,9]}");

    UNUSED_STATE;
    CHECK(m->n == 3 && m->report.rejected == 0 && m->report.recordings == 3);
    CHECK(m->report.subjects == 2);
    /* by file, entry, segment */
    CHECK(m->lines[0].number == 3 && m->lines[1].number == 4);
    CHECK(m->lines[2].number == 1);
    CHECK(strcmp(m->lines[2].entry, "s1.edf") == 0 && !m->lines[2].label);
    CHECK(m->lines[2].begin == 0 && m->lines[2].end == 5000);
    CHECK(m->lines[0].rate_hz == 250.5 && m->lines[0].n_channels == 2);
    CHECK(strcmp(m->lines[0].channels[0].name, "I") == 0);
    CHECK(strcmp(m->lines[0].channels[1].unit, "mV") == 0);
    CHECK(strcmp(m->lines[1].label, "7") == 0 && !m->lines[1].entry);
    lat_manifest_free(m);
}

TEST(manifest, a_line_that_is_wrong_is_told_and_left_out)
{
    struct lat_manifest *m;
    struct lat_buf b = {0};

    UNUSED_STATE;
    for (int i = 0; i < 15; i++)
        lat_buf_printf(&b, "[1]\n{\"file\":\"%d.csv\",\"subject\":\"s\"}\n", i);
    m = manifest(b.v);
    CHECK(m->n == 15 && m->report.rejected == 15);
    CHECK(m->report.n_errors == LAT_REPORT_ERRORS);
    CHECK(m->report.errors[1].line == 3);
    CHECK(strstr(m->report.errors[0].reason, "not an object"));
    lat_manifest_free(m);
    lat_buf_fini(&b);
}

TEST(manifest, a_recording_that_stands_twice_is_taken_once)
{
    struct lat_manifest *m =
        manifest("{\"file\":\"z\",\"entry\":\"1\",\"subject\":\"a\"}\n"
                 "{\"file\":\"z\",\"entry\":\"2\",\"subject\":\"b\"}\n"
                 "{\"file\":\"z\",\"entry\":\"1\",\"subject\":\"c\"}\n"
                 "{\"file\":\"z\",\"entry\":\"1\",\"subject\":\"d\","
                 "\"segment\":[0,5]}\n"
                 "{\"file\":\"z\",\"entry\":\"1\",\"subject\":\"e\"}\n");

    UNUSED_STATE;
    CHECK(m->n == 3 && m->report.recordings == 3 && m->report.rejected == 2);
    CHECK(m->report.subjects == 3);
    CHECK(m->report.errors[0].line == 3 && m->report.errors[1].line == 5);
    CHECK(strstr(m->report.errors[1].reason, "same recording as line 1"));
    lat_manifest_free(m);
}

/* Calls fn for each manifest of tests/cases/manifests/DIR, with the path of
 * the case without its ending. */
static size_t each_case(const char *dir, void (*fn)(const char *stem))
{
    const char *root = getenv("LATENTD_SRCDIR");
    char path[1024];
    struct dirent *e;
    size_t n = 0;
    DIR *d;

    snprintf(path, sizeof(path), "%s/tests/cases/manifests/%s",
             root ? root : ".", dir);
    d = opendir(path);
    assert_non_null(d);
    while ((e = readdir(d)) != NULL) {
        char *dot = strstr(e->d_name, ".jsonl");
        char stem[2048];

        if (!dot)
            continue;
        snprintf(stem, sizeof(stem), "%s/%.*s", path, (int)(dot - e->d_name),
                 e->d_name);
        fn(stem);
        n++;
    }
    closedir(d);
    return n;
}

static void check_bad(const char *stem)
{
    struct lat_manifest *m = NULL;
    char path[2100], *want = NULL;
    size_t len;

    snprintf(path, sizeof(path), "%s.error", stem);
    CHECK(lat_file_read(&want, &len, path, 1000, NULL) == LAT_OK);
    want[strcspn(want, "\n")] = '\0';
    snprintf(path, sizeof(path), "%s.jsonl", stem);
    CHECK(lat_manifest_read(&m, path, NULL) == LAT_OK);
    CHECK(m->n == 0 && m->report.rejected == 1 && m->report.n_errors == 1);
    if (!strstr(m->report.errors[0].reason, want))
        print_error("%s: %s\n", stem, m->report.errors[0].reason);
    CHECK(strstr(m->report.errors[0].reason, want));
    lat_manifest_free(m);
    lat_free(want);
}

static void check_ok(const char *stem)
{
    struct lat_manifest *m = NULL;
    char path[2100];

    snprintf(path, sizeof(path), "%s.jsonl", stem);
    CHECK(lat_manifest_read(&m, path, NULL) == LAT_OK);
    if (m->report.rejected)
        print_error("%s: %s\n", stem, m->report.errors[0].reason);
    CHECK(m->n == 1 && m->report.rejected == 0);
    lat_manifest_free(m);
}

TEST(manifest, lines_of_the_cases_are_taken_or_refused)
{
    UNUSED_STATE;
    CHECK(each_case("bad", check_bad) > 25);
    CHECK(each_case("ok", check_ok) > 3);
}

/* ---- from a manifest to a trainer ---- */

struct folder {
    char path[64];
};

static void write_in(const struct folder *f, const char *name, const void *v,
                     size_t len)
{
    char path[128];

    snprintf(path, sizeof(path), "%s/%s", f->path, name);
    CHECK(lat_file_write(path, v, len, NULL) == LAT_OK);
}

static struct lat_signal *heart(uint64_t who)
{
    struct lat_synth spec = lat_synth_defaults();
    struct lat_signal *sig = NULL;

    spec.rate_hz = 100.0;
    spec.seconds = 12.0;
    spec.seed = who;
    spec.leads = "II";
    CHECK(lat_synth_ecg(&sig, &spec, NULL) == LAT_OK);
    return sig;
}

/* Six hearts as CSV files in a tar, one beside it, and what is no use. */
static void make_folder(struct folder *f)
{
    struct lat_buf tar = {0}, csv = {0};

    strcpy(f->path, "/tmp/latentd-test-XXXXXX");
    assert_non_null(mkdtemp(f->path));
    for (size_t i = 0; i < 7; i++) {
        struct lat_signal *sig = heart(i);
        char name[16];

        csv.len = 0;
        lat_csv_encode(&csv, sig);
        snprintf(name, sizeof(name), "h%zu.csv", i);
        if (i < 6)
            tar_add(&tar, name, '0', "", csv.v, csv.len);
        else
            write_in(f, name, csv.v, csv.len);
        lat_signal_free(sig);
    }
    tar_add(&tar, "short.csv", '0', "", "II\n1\n2\n", 7);
    tar_add(&tar, "RECORDS", '0', "", "h0\n", 3);
    tar_end(&tar);
    write_in(f, "hearts.tar", tar.v, tar.len);
    lat_buf_fini(&tar);
    lat_buf_fini(&csv);
}

static void remove_folder(struct folder *f)
{
    static const char *const names[] = {"hearts.tar", "h6.csv"};
    char path[128];

    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof(path), "%s/%s", f->path, names[i]);
        CHECK(unlink(path) == 0);
    }
    CHECK(rmdir(f->path) == 0);
}

static struct lat_shelf *shelf(struct folder *f)
{
    struct lat_shelf_options opt = {lat_shelf_beside, f->path, roomy};
    struct lat_shelf *s = NULL;

    CHECK(lat_shelf_new(&s, &opt, NULL) == LAT_OK);
    return s;
}

TEST(data, a_manifest_becomes_a_data_set_that_trains)
{
    const struct lat_kernel *k = NULL;
    struct lat_recipe *r = recipe("scl");
    struct lat_report report = {0};
    struct lat_dataset *d = NULL;
    struct lat_trainer *t = NULL;
    struct lat_manifest *m;
    struct lat_shelf *s;
    struct folder f;
    struct lat_err err = {0};

    UNUSED_STATE;
    make_folder(&f);
    set(r, "leads", "II");
    s = shelf(&f);
#define LINE(entry, who)                                                   \
    "{\"file\":\"hearts.tar\",\"entry\":\"" entry "\",\"subject\":\"" who  \
    "\",\"sampling_rate_hz\":100,\"channels\":[{\"name\":\"II\",\"unit\":" \
    "\"mV\"}]}\n"
    m = manifest(LINE("h0.csv", "a") LINE("h1.csv", "b") LINE("h2.csv", "c")
                     LINE("h3.csv", "d") LINE("h4.csv", "e") LINE("h5.csv", "e")
                         LINE("short.csv", "f") LINE(
                             "gone.csv",
                             "g") "{\"file\":\"h6.csv\",\"subject\":\"h\","
                                  "\"sampling_rate_hz\":100,\"channels\":"
                                  "[{\"name\":\"II\",\"unit\":\"mV\"}]}\n"
                                  "{\"file\":\"h6.csv\",\"subject\":\"i\","
                                  "\"sampling_rate_hz\":100,\"channels\":"
                                  "[{\"name\":\"V9\"}],\"segment\":[0,1000]}\n"
                                  "{\"file\":\"../up.csv\",\"subject\":\"j\"}");
    CHECK(m->n == 11);
    CHECK(lat_dataset_new(&d, r, NULL) == LAT_OK);
    for (size_t i = 0; i < m->n; i++)
        CHECK(lat_dataset_add_line(d, s, &m->lines[i], LAT_TRAIN, &report,
                                   NULL) == LAT_OK);
    if (report.recordings != 7)
        for (size_t i = 0; i < report.n_errors; i++)
            print_error("%zu: %s\n", report.errors[i].line,
                        report.errors[i].reason);
    CHECK(report.recordings == 7 && report.rejected == 4);
    CHECK(d->n_warnings == 4);
    CHECK(strstr(report.errors[0].reason, "leads out"));
    CHECK(lat_dataset_add_line(d, s, &m->lines[m->n - 4], LAT_VALID, NULL,
                               &err) == LAT_EINVAL);
    CHECK(strstr(err.msg, "two sides"));
    CHECK(lat_dataset_split(d, 0.3, 1, NULL) == LAT_OK);
    CHECK(lat_dataset_seal(d, NULL) == LAT_OK);
    CHECK(lat_dataset_info(d).subjects[LAT_TRAIN] == 4);
    CHECK(lat_kernel_pick(&k, "blas", NULL) == LAT_OK);
    CHECK(lat_trainer_new(&t, r, d, k, 1, NULL) == LAT_OK);
    while (!lat_train_finished(t))
        CHECK(lat_train_step(t, NULL) == LAT_OK);
    lat_trainer_free(t);
    lat_dataset_free(d);
    lat_shelf_free(s);
    lat_manifest_free(m);
    lat_recipe_free(r);
    remove_folder(&f);
}

TEST(data, a_file_is_looked_into_before_it_is_used)
{
    struct lat_report r;
    struct folder f;
    char path[128];
    struct lat_err err;

    UNUSED_STATE;
    make_folder(&f);
    snprintf(path, sizeof(path), "%s/hearts.tar", f.path);
    CHECK(lat_file_inspect(&r, path, "hearts.tar", &roomy, NULL) == LAT_OK);
    CHECK(r.recordings == 7 && r.rejected == 0);
    /* a tar is no zip of EDF, and not a CSV either */
    CHECK(lat_file_inspect(&r, path, "x.edf", &roomy, NULL) == LAT_OK);
    CHECK(r.recordings == 0 && r.rejected == 1 && r.errors[0].reason[0]);
    CHECK(lat_file_inspect(&r, path, "x.png", &roomy, NULL) == LAT_OK);
    CHECK(r.recordings == 0 && r.rejected == 1);
    CHECK(lat_file_inspect(&r, path, "x.jsonl", &roomy, NULL) == LAT_OK);
    CHECK(r.recordings == 0 && r.rejected > 0);
    CHECK(lat_file_inspect(&r, path, "x.doc", &roomy, &err) == LAT_EMEDIA);
    CHECK(strstr(err.msg, ".jsonl"));
    CHECK(lat_file_inspect(&r, path, "x.hea", &roomy, &err) == LAT_EMEDIA);
    CHECK(strstr(err.msg, "zip"));
    snprintf(path, sizeof(path), "%s/h6.csv", f.path);
    CHECK(lat_file_inspect(&r, path, "H6.CSV", &roomy, NULL) == LAT_OK);
    CHECK(r.recordings == 1 && r.rejected == 0);
    CHECK(lat_file_inspect(&r, path, "h6.zip", &roomy, NULL) == LAT_OK);
    CHECK(r.recordings == 0 && r.rejected == 1);
    remove_folder(&f);
}

/* More than is looked at, with a time before each sample or without. */
static void write_rows(const char *path, const char *names, bool timed)
{
    FILE *out = fopen(path, "w");

    CHECK(out != NULL);
    fputs(names, out);
    for (int i = 0; i < 150000; i++) {
        if (timed)
            fprintf(out, "%.3f;", i / 100.0);
        fprintf(out, "%d\n", i % 5);
    }
    fclose(out);
}

TEST(data, a_file_says_its_rate_or_does_not)
{
    struct folder f;
    char path[128];
    bool says = true;

    UNUSED_STATE;
    make_folder(&f);
    snprintf(path, sizeof(path), "%s/h6.csv", f.path);
    write_rows(path, "II\n", false);
    CHECK(lat_file_says_rate(&says, path, "h6.csv", NULL) == LAT_OK && !says);
    CHECK(lat_file_says_rate(&says, path, "h6.npy", NULL) == LAT_OK && !says);
    CHECK(lat_file_says_rate(&says, path, "h6.edf", NULL) == LAT_OK && says);
    write_rows(path, "time (s);II\n", true);
    CHECK(lat_file_says_rate(&says, path, "H6.CSV", NULL) == LAT_OK && says);
    lat__mem_fail_after = 0;
    CHECK(lat_file_says_rate(&says, path, "h6.csv", NULL) == LAT_ENOMEM);
    lat__mem_fail_after = -1;
    remove_folder(&f);
    CHECK(lat_file_says_rate(&says, path, "h6.csv", NULL) == LAT_ENOENT);
}

TEST(data, survives_every_failed_allocation)
{
    static const char text[] =
        "{\"file\":\"hearts.tar\",\"entry\":\"h1.csv\",\"subject\":\"a\","
        "\"label\":\"x\",\"sampling_rate_hz\":100,\"channels\":[\"II\"]}";
    struct lat_blob file = {"m.jsonl", text, sizeof(text) - 1};
    enum lat_code code = LAT_ENOMEM;
    struct folder f;

    UNUSED_STATE;
    make_folder(&f);
    for (long n = 0; code == LAT_ENOMEM && n < 300; n++) {
        struct lat_shelf_options opt = {lat_shelf_beside, f.path, roomy};
        struct lat_manifest *m = NULL;
        struct lat_signal *sig = NULL;
        struct lat_shelf *s = NULL;

        lat__mem_fail_after = n;
        code = lat_manifest_decode(&m, &file, NULL);
        if (!code)
            code = lat_shelf_new(&s, &opt, NULL);
        if (!code)
            code = lat_shelf_signal(&sig, s, &m->lines[0], NULL);
        lat__mem_fail_after = -1;
        lat_signal_free(sig);
        lat_shelf_free(s);
        lat_manifest_free(m);
    }
    CHECK(code == LAT_OK);
    remove_folder(&f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(archive, entries_are_found_by_name),
        T(archive, what_leads_out_of_it_is_refused),
        T(archive, no_more_is_unpacked_than_the_limits),
        T(manifest, says_where_each_recording_is_and_whose),
        T(manifest, a_line_that_is_wrong_is_told_and_left_out),
        T(manifest, a_recording_that_stands_twice_is_taken_once),
        T(manifest, lines_of_the_cases_are_taken_or_refused),
        T(data, a_manifest_becomes_a_data_set_that_trains),
        T(data, a_file_is_looked_into_before_it_is_used),
        T(data, a_file_says_its_rate_or_does_not),
        T(data, survives_every_failed_allocation),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
