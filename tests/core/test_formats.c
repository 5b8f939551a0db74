/* test_formats.c - every case of tests/cases/formats, and what files of one's
 * own must keep. */
#include "../../core/base/mem.h"
#include "../../core/latent/signal.h"
#include "../check.h"

#include <dirent.h>
#include <string.h>
#include <unistd.h>

#define CASES "tests/cases/formats/"

/* The first lines of a case; text is the whole file. */
struct format_case {
    char text[65536], path[4300], channels[256], unit[16];
    char *next; /* line after the first */
    struct lat_hints hints;
};

static char *take_line(char **p)
{
    char *line = *p, *nl = strchr(line, '\n');

    if (nl)
        *nl++ = '\0';
    *p = nl ? nl : line + strlen(line);
    return line;
}

/* "FILE key=value key=value" */
static void read_case(struct format_case *c, const char *dir, const char *name)
{
    char path[4300], *word, *save = NULL;
    FILE *f;

    memset(c, 0, sizeof(*c));
    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "r");
    assert_non_null(f);
    c->text[fread(c->text, 1, sizeof(c->text) - 1, f)] = '\0';
    fclose(f);
    c->next = c->text;
    word = strtok_r(take_line(&c->next), " ", &save);
    snprintf(c->path, sizeof(c->path), "%s/%s", dir, word);
    while ((word = strtok_r(NULL, " ", &save))) {
        if (sscanf(word, "rate=%lf", &c->hints.rate_hz) == 1)
            continue;
        if (sscanf(word, "unit=%15s", c->unit) == 1)
            c->hints.unit = c->unit;
        else if (sscanf(word, "channels=%255s", c->channels) == 1)
            c->hints.channels = c->channels;
        else
            c->hints.channels_first = strcmp(word, "layout=ct") == 0;
    }
}

static void check_channels(const struct lat_signal *sig, char *want)
{
    char *save = NULL, name[64];
    size_t k = 0;

    for (; k < sig->n_channels; k++, want = NULL) {
        char *colon, *p = want ? want : save;

        snprintf(name, sizeof(name), "%s:%s", sig->channels[k].name,
                 sig->channels[k].unit);
        /* names may have commas, so the expected text is walked along */
        colon = strstr(p, name);
        assert_ptr_equal(colon, p);
        save = p + strlen(name);
        CHECK(*save == ',' || *save == '\0');
        save += *save == ',';
    }
    CHECK(*save == '\0');
}

static void check_samples(const struct lat_signal *sig, char *line, size_t k)
{
    char *end = line;

    for (size_t i = 0; i < sig->n_samples; i++) {
        float want = strtof(line, &end), got = sig->v[k * sig->n_samples + i];

        CHECK(end != line);
        line = end;
        CHECK(want == got || (isnan(want) && isnan(got)));
    }
    CHECK(*end == '\0');
}

static void check_ok(const char *dir, const char *name)
{
    static struct format_case c;
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};

    read_case(&c, dir, name);
    if (lat_signal_read(&sig, c.path, &c.hints, &err)) {
        print_error("%s: %s\n", name, err.msg);
        fail();
    }
    CHECK_NEAR(sig->rate_hz, strtod(take_line(&c.next), NULL), 1e-12);
    check_channels(sig, take_line(&c.next));
    for (size_t k = 0; k < sig->n_channels; k++)
        check_samples(sig, take_line(&c.next), k);
    CHECK(*c.next == '\0');
    lat_signal_free(sig);
}

static void check_bad(const char *dir, const char *name)
{
    static struct format_case c;
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};
    char *want;

    read_case(&c, dir, name);
    want = take_line(&c.next);
    if (lat_signal_read(&sig, c.path, &c.hints, &err) == LAT_OK ||
        !strstr(err.msg, want)) {
        print_error("%s: `%s`, expected `%s`\n", name, err.msg, want);
        fail();
    }
    CHECK(!sig && err.code != LAT_OK);
}

static int each_case(const char *sub, const char *ending,
                     void (*check)(const char *dir, const char *name))
{
    const char *path = src_path(sub);
    DIR *dir = opendir(path);
    struct dirent *e;
    int n = 0;

    assert_non_null(dir);
    while ((e = readdir(dir))) {
        const char *dot = strrchr(e->d_name, '.');

        if (!dot || strcmp(dot, ending) != 0)
            continue;
        check(path, e->d_name);
        n++;
    }
    closedir(dir);
    return n;
}

TEST(formats, read_every_good_case)
{
    UNUSED_STATE;
    CHECK(each_case(CASES "ok", ".want", check_ok) >= 30);
}

TEST(formats, refuse_every_bad_case)
{
    UNUSED_STATE;
    CHECK(each_case(CASES "bad", ".error", check_bad) >= 50);
}

/* Fail the first allocation, then the second, until none is left to fail. */
static void starve(const char *rel)
{
    struct lat_hints hints = {.channels = "a,b,c"};
    struct lat_signal *sig = NULL;
    enum lat_code code;
    long n = 0;

    do {
        lat__mem_fail_after = n++;
        code = lat_signal_read(&sig, src_path(rel), &hints, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !sig));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 3);
    lat_signal_free(sig);
}

TEST(formats, survive_any_failed_allocation)
{
    UNUSED_STATE;
    starve(CASES "ok/two.hea");
    starve(CASES "ok/crlf");
    starve(CASES "ok/missing.csv");
    starve(CASES "ok/npy_lf4.npy");
    starve(CASES "ok/edf_plus.edf");
}

static struct lat_signal *make_signal(void)
{
    struct lat_signal *sig = NULL;

    CHECK(lat_signal_new(&sig, 3, 50, NULL) == LAT_OK);
    sig->rate_hz = 250.5;
    strcpy(sig->channels[0].name, "II");
    strcpy(sig->channels[0].unit, "mV");
    strcpy(sig->channels[1].name, "V5 \"left\"");
    strcpy(sig->channels[1].unit, "uV");
    strcpy(sig->channels[2].name, "acc_x");
    strcpy(sig->channels[2].unit, "g");
    for (size_t i = 0; i < 50; i++) {
        sig->v[i] = (float)sin(0.3 * (double)i);
        sig->v[50 + i] = (float)(900.0 * cos(0.2 * (double)i));
        sig->v[100 + i] = (float)(50.0 * cos(0.1 * (double)i)); /* beyond 32 */
    }
    sig->v[7] = NAN;
    return sig;
}

static void check_same(const struct lat_signal *a, const struct lat_signal *b,
                       const double *tol)
{
    CHECK(a->n_channels == b->n_channels && a->n_samples == b->n_samples);
    CHECK_NEAR(a->rate_hz, b->rate_hz, 1e-6);
    for (size_t k = 0; k < a->n_channels; k++) {
        assert_string_equal(a->channels[k].name, b->channels[k].name);
        assert_string_equal(a->channels[k].unit, b->channels[k].unit);
        for (size_t i = 0; i < a->n_samples; i++) {
            double x = (double)a->v[k * a->n_samples + i];
            double y = (double)b->v[k * a->n_samples + i];

            CHECK(isnan(x) ? isnan(y) : fabs(x - y) <= tol[k]);
        }
    }
}

TEST(wfdb, written_reads_back)
{
    static const double tol[] = {0.0005001, 0.5001, 0.005001};
    char dir[] = "/tmp/latent-test-XXXXXX", path[64];
    struct lat_signal *sig = make_signal(), *back = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(mkdtemp(dir));
    CHECK(lat_wfdb_write(sig, dir, "a-1", &err) == LAT_OK);
    snprintf(path, sizeof(path), "%s/a-1", dir);
    CHECK(lat_signal_read(&back, path, NULL, &err) == LAT_OK);
    check_same(sig, back, tol);
    CHECK(lat_wfdb_write(sig, dir, "../x", &err) == LAT_EINVAL);
    assert_string_equal(err.msg, "record name `../x`, must be letters, digits, "
                                 "_ and -");
    snprintf(path, sizeof(path), "%s/a-1.dat", dir);
    CHECK(unlink(path) == 0);
    snprintf(path, sizeof(path), "%s/a-1.hea", dir);
    CHECK(unlink(path) == 0 && rmdir(dir) == 0);
    lat_signal_free(back);
    lat_signal_free(sig);
}

TEST(csv, encoded_decodes_to_the_same_bits)
{
    static const double tol[] = {0.0, 0.0, 0.0};
    struct lat_signal *sig = make_signal(), *back = NULL;
    struct lat_err err = {0};
    struct lat_buf out = {0};
    struct lat_blob blob = {.name = "x.csv"};

    UNUSED_STATE;
    strcpy(sig->channels[1].name, "V5 left");
    lat_csv_encode(&out, sig);
    CHECK(!out.failed);
    blob.data = out.v;
    blob.len = out.len;
    CHECK(lat_csv_decode(&back, &blob, NULL, &err) == LAT_OK);
    check_same(sig, back, tol);
    lat_signal_free(back);
    lat_signal_free(sig);
    lat_buf_fini(&out);
}

/* N at 18, + with a text at 18 + 1000 + 77, V 70000 later, then the end. */
static const uint8_t events[] = {
    18, 1 << 2,  0xe8, 3,       77, 28 << 2, 3,    63 << 2, '(', 'N',    0, 0,
    1,  61 << 2, 0,    59 << 2, 1,  0,       0x70, 0x11,    0,   5 << 2, 0, 0};

TEST(annotations, are_read_with_their_times)
{
    struct lat_annotation *a = NULL;
    struct lat_blob file = {"x.atr", events, sizeof(events)};
    struct lat_err err = {0};
    size_t n = 0;

    UNUSED_STATE;
    CHECK(lat_wfdb_annotations(&a, &n, &file, &err) == LAT_OK);
    CHECK(n == 3);
    CHECK(a[0].sample == 18 && a[0].symbol == 'N' && a[0].code == 1);
    CHECK(a[1].sample == 18 + 1000 + 77 && a[1].symbol == '+');
    CHECK(a[2].sample == 1095 + 70000 && a[2].symbol == 'V');
    lat_free(a);
    a = NULL;
    for (file.len = 0; file.len < sizeof(events) - 1; file.len++)
        CHECK(lat_wfdb_annotations(&a, &n, &file, &err) == LAT_EFORMAT && !a);
    assert_string_equal(err.msg, "x.atr: truncated: no end of annotations");
}

TEST(annotations, have_the_classes_of_the_standard)
{
    UNUSED_STATE;
    CHECK(lat_aami_class('L') == 'N' && lat_aami_class('a') == 'S');
    CHECK(lat_aami_class('E') == 'V' && lat_aami_class('F') == 'F');
    CHECK(lat_aami_class('/') == 'Q' && lat_aami_class('+') == '\0');
    CHECK(lat_aami_class('!') == '\0' && lat_aami_class('\0') == '\0');
}

static void data_path(char path[4300], const char *name)
{
    const char *data = getenv("LATENTD_DATA");

    snprintf(path, 4300, "%s/ecg/mitdb/%s",
             data ? data : src_path("../shared/data"), name);
}

/* 2239 normal beats, 33 atrial and one ventricular: the database's table. */
TEST(annotations, of_record_100_are_as_in_the_table)
{
    struct lat_annotation *a = NULL;
    struct lat_err err = {0};
    struct lat_blob file = {.name = "100.atr"};
    size_t n = 0, counts[128] = {0};
    char path[4300], *data;

    UNUSED_STATE;
    data_path(path, "100.atr");
    if (access(path, R_OK)) {
        print_message("no data: %s\n", path);
        skip();
    }
    CHECK(lat_file_read(&data, &file.len, path, 1 << 20, &err) == LAT_OK);
    file.data = data;
    CHECK(lat_wfdb_annotations(&a, &n, &file, &err) == LAT_OK && n == 2274);
    for (size_t i = 0; i < n; i++)
        counts[a[i].symbol & 127]++;
    CHECK(counts['N'] == 2239 && counts['A'] == 33 && counts['V'] == 1);
    CHECK(a[1].sample == 77 && a[n - 1].sample < 650000);
    lat_free(a);
    lat_free(data);
}

/* Real records, where they are. */
TEST(wfdb, reads_the_arrhythmia_database)
{
    char path[4300];
    struct lat_signal *sig = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    data_path(path, "100.hea");
    if (access(path, R_OK)) {
        print_message("no data: %s\n", path);
        skip();
    }
    CHECK(lat_signal_read(&sig, path, NULL, &err) == LAT_OK);
    CHECK(sig->n_channels == 2 && sig->n_samples == 650000);
    CHECK(sig->rate_hz == 360.0);
    assert_string_equal(sig->channels[0].name, "MLII");
    assert_string_equal(sig->channels[1].name, "V5");
    CHECK(sig->v[0] == -0.145f && sig->v[650000] == -0.065f);
    CHECK(sig->v[649999] == -1.28f);
    lat_signal_free(sig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(formats, read_every_good_case),
        T(formats, refuse_every_bad_case),
        T(formats, survive_any_failed_allocation),
        T(wfdb, written_reads_back),
        T(csv, encoded_decodes_to_the_same_bits),
        T(annotations, are_read_with_their_times),
        T(annotations, have_the_classes_of_the_standard),
        T(annotations, of_record_100_are_as_in_the_table),
        T(wfdb, reads_the_arrhythmia_database),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
