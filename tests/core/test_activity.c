/* test_activity.c - data sets of activities, from small files written here. */
#include "../../core/base/mem.h"
#include "../../core/formats/activity.h"
#include "../check.h"

#include <string.h>
#include <unistd.h>

static struct lat_blob blob_of(const char *name, const char *text)
{
    return (struct lat_blob){name, text, strlen(text)};
}

static void check_stretch(const struct lat__activities *a, size_t i,
                          struct lat__stretch want)
{
    CHECK(i < a->n_stretches);
    CHECK(a->stretches[i].user == want.user);
    CHECK(a->stretches[i].activity == want.activity);
    CHECK(a->stretches[i].begin == want.begin);
    CHECK(a->stretches[i].n == want.n);
}

/* ---- WISDM ---- */

/* Two records on a line, stray semicolons and commas, no z, time 0, an unknown
 * activity, text for a number, too few fields, a jump of time. */
static const char wisdm[] =
    "33,Jogging,49105962326000,-0.6946377,12.680544,0.50395286;\n"
    "33,Jogging,49106062271000,5.012288,11.264028,0.95342433;"
    "33,Jogging,49106112167000,4.903325,10.882658,-0.08172209;\n"
    ";\n"
    "33,Jogging,49106162167000,1,2,3,;\n"
    "33,Jogging,49106222305000,-0.61291564,18.496431,;\n"
    "33,Jogging,49106332290000,-1.1849703,12.108489,7.205164;\n"
    "33,Walking,0,1,2,3;\n"
    "33,Walking,49107000000000,1,1,1;;\n"
    "33,Walking,49109000000000,2,2,2;\r\n"
    "33,Walking,49109050000000,3,3,3;\n"
    "17,Walking,49109100000000,4,4,4;\n"
    "17,Dancing,49109100000000,4,4,4;\n"
    "17,Walking,49109100000000,4,4,x;\n"
    "17,Walking,5,6;\n"
    "17,Walking,49109150000000,5,5,5";

TEST(wisdm, tolerates_what_the_published_file_has)
{
    struct lat_blob file = blob_of("wisdm.txt", wisdm);
    struct lat__activities *a = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(lat__wisdm_decode(&a, &file, &err) == LAT_OK);
    CHECK(a->signal->n_channels == 3 && a->signal->n_samples == 10);
    CHECK(a->signal->rate_hz == 20.0);
    assert_string_equal(a->signal->channels[2].name, "acc_z");
    assert_string_equal(a->signal->channels[2].unit, "m/s2");
    CHECK(a->signal->v[1] == 5.012288f && a->signal->v[10] == 12.680544f);
    CHECK(a->signal->v[29] == 5.0f);
    CHECK(a->n_stretches == 6);
    check_stretch(a, 0, (struct lat__stretch){33, 1, 0, 4});
    check_stretch(a, 1, (struct lat__stretch){33, 1, 4, 1}); /* z was lost */
    check_stretch(a, 2, (struct lat__stretch){33, 0, 5, 1});
    check_stretch(a, 3, (struct lat__stretch){33, 0, 6, 2}); /* after 2 s */
    check_stretch(a, 4, (struct lat__stretch){17, 0, 8, 1});
    check_stretch(a, 5, (struct lat__stretch){17, 0, 9, 1});
    assert_string_equal(a->names[1], "Jogging");
    CHECK(a->n_gaps == 1);
    lat__activities_free(a);
}

TEST(wisdm, counts_what_it_leaves_out)
{
    static const size_t lines[LAT_N_SKIPS] = {14, 5, 13, 12, 7};
    struct lat_blob file = blob_of("wisdm.txt", wisdm);
    struct lat__activities *a = NULL;

    UNUSED_STATE;
    CHECK(lat__wisdm_decode(&a, &file, NULL) == LAT_OK);
    for (size_t i = 0; i < LAT_N_SKIPS; i++) {
        CHECK(a->skipped[i] == 1);
        CHECK(a->first_line[i] == lines[i]);
        CHECK(strlen(lat__skip_text((enum lat__skip)i)) > 5);
    }
    lat__activities_free(a);
    file = blob_of("wisdm.txt", ";;;\n1,2,3\n");
    a = NULL;
    CHECK(lat__wisdm_decode(&a, &file, NULL) == LAT_EFORMAT && !a);
}

/* ---- HAPT, compact ---- */

enum { ROWS = 7 };

static const char experiments[] = "exp,user,start,n\n1,1,0,4\n2,7,4,3\n";
static const char segments[] = "exp,user,activity_id,activity,start,n\n"
                               "1,1,5,STANDING,1,3\n2,7,12,LIE_TO_STAND,4,3\n";

/* Row i is 100 i, 100 i + 1 … in 16 bits. */
static void put_npy(struct lat_buf *b)
{
    lat_buf_put(b, "\x93NUMPY\1\0\x76\0", 10);
    lat_buf_printf(b, "%-117s\n",
                   "{'descr': '<i2', 'fortran_order': False, 'shape': (7, 6), "
                   "}");
    for (int i = 0; i < ROWS * 6; i++) {
        int v = 100 * (i / 6) + i % 6;
        const char bytes[2] = {(char)(v & 255), (char)(v >> 8)};

        lat_buf_put(b, bytes, 2);
    }
}

static enum lat_code decode(struct lat__activities **a, const char *e,
                            const char *s, struct lat_err *err)
{
    struct lat_buf npy = {0};
    struct lat_blob samples = {"hapt_i16.npy", NULL, 0};
    struct lat_blob es = blob_of("experiments", e), ss = blob_of("segments", s);
    enum lat_code code;

    put_npy(&npy);
    samples.data = npy.v;
    samples.len = npy.len;
    code = lat__hapt_decode(a, &samples, &es, &ss, err);
    lat_buf_fini(&npy);
    return code;
}

static void check_compact(const struct lat__activities *a)
{
    CHECK(a->signal->n_channels == 6 && a->signal->n_samples == ROWS);
    CHECK(a->signal->rate_hz == 50.0);
    CHECK_NEAR(a->signal->v[3], 300.0 / 720.0, 1e-7);
    CHECK_NEAR(a->signal->v[5 * ROWS + 6], 605.0 * 0.000305432619, 1e-7);
    assert_string_equal(a->signal->channels[5].name, "gyro_z");
    assert_string_equal(a->signal->channels[5].unit, "rad/s");
    assert_string_equal(a->signal->channels[0].unit, "g");
    CHECK(a->n_stretches == 2 && a->n_names == 12);
    check_stretch(a, 0, (struct lat__stretch){1, 4, 1, 3});
    check_stretch(a, 1, (struct lat__stretch){7, 11, 4, 3});
}

TEST(hapt, compact_form_has_units_and_stretches)
{
    struct lat__activities *a = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(decode(&a, experiments, segments, &err) == LAT_OK);
    check_compact(a);
    lat__activities_free(a);
}

static void refused(const char *e, const char *s, const char *want)
{
    struct lat__activities *a = NULL;
    struct lat_err err = {0};

    if (decode(&a, e, s, &err) != LAT_EFORMAT || !strstr(err.msg, want)) {
        print_error("`%s`, expected `%s`\n", err.msg, want);
        fail();
    }
    CHECK(!a);
}

#define SEGMENTS "exp,user,activity_id,activity,start,n\n"

TEST(hapt, tables_that_do_not_fit_are_refused)
{
    UNUSED_STATE;
    refused("exp,user\n", segments, "the first line must be exp,user,start,n");
    refused("exp,user,start,n\n1,1,0,8\n", segments,
            "experiments: line 2: samples 0 to 8 of 7");
    refused("exp,user,start,n\n1,1,-1,4\n", segments,
            "line 2: column 3 is not a whole number");
    refused("exp,user,start,n\n1,1,0\n", segments, "has not 4 columns");
    refused("exp,user,start,n\n1,1,0,4,5\n", segments, "has not 4 columns");
    refused(experiments, SEGMENTS "1,7,5,STANDING,1,3\n",
            "segments: line 2: no experiment 1 of user 7");
    refused(experiments, SEGMENTS "1,1,13,FLYING,1,3\n",
            "unknown activity 13 `FLYING`");
    refused(experiments, SEGMENTS "1,1,5,WALKING,1,3\n",
            "unknown activity 5 `WALKING`");
    refused(experiments, SEGMENTS "1,1,5,STANDING,2,3\n",
            "samples 2 to 5 are not of experiment 1");
    refused(experiments, SEGMENTS "2,7,5,STANDING,3,1\n",
            "samples 3 to 4 are not of experiment 2");
}

/* ---- HAPT, as published ---- */

static void write_file(const char *dir, const char *name, const char *text)
{
    char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    CHECK(lat_file_write(path, text, strlen(text), NULL) == LAT_OK);
}

static void remove_all(const char *dir)
{
    static const char *const names[] = {
        "labels.txt", "acc_exp01_user01.txt", "gyro_exp01_user01.txt",
        "acc_exp12_user30.txt", "gyro_exp12_user30.txt"};
    char path[256];

    for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
        snprintf(path, sizeof(path), "%s/%s", dir, names[i]);
        CHECK(unlink(path) == 0);
    }
    CHECK(rmdir(dir) == 0);
}

static void write_folder(const char *dir)
{
    write_file(dir, "labels.txt", "1 1 5 2 3 \n12 30 1 1 1\n1 1 7 4 4\n");
    write_file(dir, "acc_exp01_user01.txt",
               "9.1805560e-01 -1.1250000e-01 5.0972220e-01 \n1 2 3\r\n4 5 6\n"
               "7 8 9\n\n");
    write_file(dir, "gyro_exp01_user01.txt", "0 0 0\n1 0 0\n2 0 0\n3 0 0\n");
    write_file(dir, "acc_exp12_user30.txt", " .5\t-1 0\n");
    write_file(dir, "gyro_exp12_user30.txt", "0 0 -7.5");
}

static void read_refused(const char *dir, const char *want)
{
    struct lat__activities *a = NULL;
    struct lat_err err = {0};
    enum lat_code code = lat__hapt_read(&a, dir, &err);

    if (code == LAT_OK || !strstr(err.msg, want)) {
        print_error("`%s`, expected `%s`\n", err.msg, want);
        fail();
    }
    CHECK(!a);
}

TEST(hapt, published_form_has_every_experiment)
{
    char dir[] = "/tmp/latentd-test-XXXXXX";
    struct lat__activities *a = NULL;
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(mkdtemp(dir));
    write_folder(dir);
    if (lat__hapt_read(&a, dir, &err))
        print_error("%s\n", err.msg);
    assert_non_null(a);
    CHECK(a->signal->n_samples == 5 && a->signal->rate_hz == 50.0);
    CHECK(a->signal->v[0] == 9.1805560e-01f && a->signal->v[3] == 7.0f);
    CHECK(a->signal->v[4] == 0.5f && a->signal->v[29] == -7.5f);
    CHECK(a->n_stretches == 3);
    check_stretch(a, 0, (struct lat__stretch){1, 4, 1, 2});
    check_stretch(a, 1, (struct lat__stretch){1, 6, 3, 1});
    check_stretch(a, 2, (struct lat__stretch){30, 0, 4, 1});
    lat__activities_free(a);
    remove_all(dir);
}

TEST(hapt, published_files_that_do_not_fit_are_refused)
{
    char dir[] = "/tmp/latentd-test-XXXXXX";

    UNUSED_STATE;
    CHECK(mkdtemp(dir));
    write_folder(dir);
    write_file(dir, "labels.txt", "1 1 5 2 5\n");
    read_refused(dir, "samples 2 to 5 of experiment 1, which has 4");
    write_file(dir, "labels.txt", "1 1 5 3 2\n");
    read_refused(dir, "labels.txt: line 1: samples 3 to 2");
    write_file(dir, "labels.txt", "\n1 1 13 1 2\n");
    read_refused(dir, "labels.txt: line 2: unknown activity 13");
    write_file(dir, "labels.txt", "1 1 5 1\n");
    read_refused(dir, "number 5 is not there or not whole");
    write_file(dir, "labels.txt", "1 1 5 1 2 3\n");
    read_refused(dir, "more than 5 numbers");
    write_file(dir, "labels.txt", " \n");
    read_refused(dir, "no labels");
    write_file(dir, "labels.txt", "1 2 5 1 2\n");
    read_refused(dir, "acc_exp01_user02.txt");
    write_file(dir, "labels.txt", "1 1 5 1 2\n");
    write_file(dir, "gyro_exp01_user01.txt", "1 2 3\n4 5 6\n");
    read_refused(dir,
                 "gyro_exp01_user01.txt ends after 2 samples, "
                 "acc_exp01_user01.txt goes on: the sensors' rates differ");
    write_file(dir, "gyro_exp01_user01.txt", "1 2\n");
    read_refused(dir, "gyro_exp01_user01.txt: line 1: number 3 of 3 is not");
    write_file(dir, "gyro_exp01_user01.txt", "1 nan 2\n");
    read_refused(dir, "line 1: number 2 of 3 is not");
    write_file(dir, "gyro_exp01_user01.txt", "1 2 3 4\n");
    read_refused(dir, "more than 3 numbers");
    remove_all(dir);
}

/* ---- both ---- */

TEST(activities, survive_any_failed_allocation)
{
    struct lat_blob file = blob_of("wisdm.txt", wisdm);
    struct lat__activities *a = NULL;
    char dir[] = "/tmp/latentd-test-XXXXXX";
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    CHECK(mkdtemp(dir));
    write_folder(dir);
    do {
        lat__mem_fail_after = n++;
        code = lat__wisdm_decode(&a, &file, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !a));
    } while (code);
    lat__activities_free(a);
    a = NULL;
    n = 0;
    do {
        lat__mem_fail_after = n++;
        code = lat__hapt_read(&a, dir, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !a));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 8);
    lat__activities_free(a);
    remove_all(dir);
}

/* The real one, where it is. */
TEST(hapt, reads_the_data_set)
{
    const char *data = getenv("LATENTD_DATA");
    struct lat__activities *a = NULL;
    struct lat_err err = {0};
    size_t per[LAT_HAPT_ACTIVITIES] = {0};
    char dir[4300];

    UNUSED_STATE;
    snprintf(dir, sizeof(dir), "%s/imu/hapt",
             data ? data : src_path("../shared/data"));
    if (access(dir, R_OK)) {
        print_message("no data: %s\n", dir);
        skip();
    }
    CHECK(lat__hapt_read(&a, dir, &err) == LAT_OK);
    CHECK(a->signal->n_samples == 760316 && a->n_stretches == 808);
    for (size_t i = 0; i < a->n_stretches; i++)
        per[a->stretches[i].activity] += a->stretches[i].n;
    CHECK(per[0] == 83050 && per[5] == 93153 && per[11] == 7221);
    lat__activities_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(wisdm, tolerates_what_the_published_file_has),
        T(wisdm, counts_what_it_leaves_out),
        T(hapt, compact_form_has_units_and_stretches),
        T(hapt, tables_that_do_not_fit_are_refused),
        T(hapt, published_form_has_every_experiment),
        T(hapt, published_files_that_do_not_fit_are_refused),
        T(activities, survive_any_failed_allocation),
        T(hapt, reads_the_data_set),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
