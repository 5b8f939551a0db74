/* test_recipe.c - recipes, lists of records, recordings from a folder. */
#include "../../core/base/mem.h"
#include "../../core/train.h"
#include "../check.h"

#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[64];

static const char *in_dir(const char *name)
{
    static char path[256];

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    return path;
}

static int make_dir(void **state)
{
    UNUSED_STATE;
    strcpy(dir, "/tmp/latentd-test-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int remove_dir(void **state)
{
    char command[128];

    UNUSED_STATE;
    snprintf(command, sizeof(command), "rm -r %s", dir);
    return system(command);
}

static void write_text(const char *name, const char *text)
{
    CHECK(lat_file_write(in_dir(name), text, strlen(text), NULL) == LAT_OK);
}

static struct lat_recipe *read_recipe(const char *text, struct lat_err *err)
{
    struct lat_recipe *r = NULL;

    write_text("x.recipe", text);
    if (lat_recipe_read(&r, in_dir("x.recipe"), err))
        CHECK(!r);
    return r;
}

TEST(recipe, has_defaults_comments_and_lines_that_go_on)
{
    struct lat_recipe *r = read_recipe("# a model\n"
                                       "name = m # its name\n"
                                       "\n"
                                       "train = a b\n"
                                       "  c\t\n"
                                       "lr=0.5\r\n"
                                       "subject p = a c\n"
                                       "scale = hann\n"
                                       "center = no\n"
                                       "order = 3",
                                       NULL);

    UNUSED_STATE;
    assert_non_null(r);
    assert_string_equal(r->name, "m");
    assert_string_equal(r->lists[LAT_TRAIN], "a b c");
    assert_string_equal(r->subjects, "p a c\n");
    CHECK(r->lr == 0.5 && r->steps == 2500 && r->window == 720);
    CHECK(r->prep.scale == LAT_SCALE_HANN && !r->prep.center);
    CHECK(r->prep.order == 3);
    lat_recipe_free(r);
}

TEST(recipe, objective_brings_its_weights_wherever_it_stands)
{
    struct lat_recipe *r =
        read_recipe("w_neg = 0.2\nobjective = scl-nce\n", NULL);

    UNUSED_STATE;
    assert_non_null(r);
    CHECK(lat__recipe_weight(r, LAT_W_NEG) == 0.2);
    CHECK(lat__recipe_weight(r, LAT_W_INV) == 0.0);
    CHECK(lat__recipe_weight(r, LAT_W_NCE) == 1.0);
    CHECK(lat__recipe_kappa(r) == 1.0);
    CHECK(lat_recipe_set(r, "objective", "scl", NULL) == LAT_OK);
    CHECK(lat__recipe_weight(r, LAT_W_INV) == 1.0);
    CHECK(lat__recipe_weight(r, LAT_W_NCE) == 0.0);
    lat_recipe_free(r);
}

TEST(recipe, refuses_what_does_not_fit_and_says_where)
{
    static const char *const bad[][2] = {
        {"lr = 1\n\nwarmup = 3\n", "line 3: unknown key \"warmup\""},
        {"lr = fast\n", "line 1: lr is \"fast\", must be a number"},
        {"lr = 1e9\n", "line 1: lr is \"1e9\", must be a number from 0"},
        {"lr = nan\n", "line 1: lr is \"nan\""},
        {"lr =\n", "line 1: lr has no value"},
        {"steps = 2.5\n", "line 1: steps is 2.5, must be a whole number"},
        {"lr = 1\nlr = 2\n", "line 2: lr was said before"},
        {"lr\n", "line 1: \"lr\" is not key = value"},
        {"  goes on\n", "line 1 goes on with a value that never began"},
        {"objective = byol\n", "must be one of plain, augment, scl, scl-nce"},
        {"center = true\n", "center is \"true\", must be yes or no"},
        {"batch = 10\ngroup = 4\n", "not a multiple of group"},
        {"objective = plain\nw_inv = 1\n", "objective plain has no w_inv"},
        {"lambda = 0\n", "nothing of its own"},
        {"views = 1\n", "views is 1, objective scl wants 2 or more"},
        {"task =\n", "w_task is 1, but there is no task"},
        {"objective = augment\ntask_noise = 1\n",
         "task_noise is for objectives with blocks, and a task; objective is "
         "augment"},
        {"w_task = 0\ntask_noise = 1\n", "objective is scl, w_task 0"},
        {"unit = mV uV\n", "2 units for 5 leads, must be one"},
        {"dataset = hapt\nmax_shift = 0\nleads = a b c\nunit = g g\n",
         "2 units for 3 leads, must be one, or one for each"},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat_err err = {0};

        CHECK(!read_recipe(bad[i][0], &err));
        if (!strstr(err.msg, bad[i][1]))
            print_error("%s\ndoes not say: %s\n", err.msg, bad[i][1]);
        CHECK(strstr(err.msg, bad[i][1]));
    }
}

TEST(recipe, prints_what_reads_back_the_same)
{
    struct lat_recipe *a = read_recipe("objective = scl-nce\ntrain = x y\n"
                                       "subject p = x y\nlr = 0.003\n",
                                       NULL),
                      *b, *c = NULL;
    struct lat_buf one = {0}, two = {0}, three = {0};

    UNUSED_STATE;
    assert_non_null(a);
    lat_recipe_print(&one, a);
    b = read_recipe(one.v, NULL);
    assert_non_null(b);
    lat_recipe_print(&two, b);
    assert_string_equal(one.v, two.v);
    CHECK(lat__recipe_copy(&c, a, NULL) == LAT_OK);
    lat_recipe_print(&three, c);
    assert_string_equal(one.v, three.v);
    lat_buf_fini(&one);
    lat_buf_fini(&two);
    lat_buf_fini(&three);
    lat_recipe_free(a);
    lat_recipe_free(b);
    lat_recipe_free(c);
}

/* What decides a run, so that a run is known again: neither names, nor what
 * is said as it would be anyway. */
TEST(recipe, says_what_decides_and_no_more)
{
    struct lat_recipe *r = read_recipe(
        "name = a\nobjective = scl-nce\ndata = d\nlicence = l\nlr = 0.001\n"
        "train = x y\nsubject p = x y\nlow = 0\n",
        NULL);
    struct lat_buf said = {0};

    UNUSED_STATE;
    assert_non_null(r);
    lat_recipe_print_said(&said, r);
    assert_string_equal(said.v, "objective = scl-nce\ntrain = x y\nlow = 0\n"
                                "subject p = x y\n");
    lat_buf_fini(&said);
    lat_recipe_free(r);
}

TEST(recipe, read_survives_any_failed_allocation)
{
    struct lat_recipe *r = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    write_text("x.recipe", "name = a\ntrain = b\nsubject s = b\n");
    do {
        lat__mem_fail_after = n++;
        code = lat_recipe_read(&r, in_dir("x.recipe"), NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !r));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 10);
    lat_recipe_free(r);
}

/* Every key has a line in the page, with its default where it has one. */
TEST(recipe, page_has_every_key)
{
    char *page = NULL, want[160];
    const struct lat__key *k;
    size_t len;

    UNUSED_STATE;
    CHECK(lat_file_read(&page, &len, src_path("deploy/recipes/README.md"),
                        1 << 20, NULL) == LAT_OK);
    for (size_t i = 0; (k = lat__key(i)); i++) {
        bool prose = !*k->by_default || strlen(k->by_default) > 40;

        snprintf(want, sizeof(want),
                 prose ? "\n| `%s` | " : "\n| `%s` | `%s` | ", k->name,
                 k->by_default);
        if (!strstr(page, want))
            print_error("the page does not have:%s\n", want);
        CHECK(strstr(page, want));
    }
    lat_free(page);
}

TEST(recipe, shipped_ones_are_read)
{
    static const char *const names[] = {"scl", "scl-nce", "scl-only", "augment",
                                        "plain"};

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        struct lat_recipe *r = NULL;
        struct lat_err err = {0};
        char path[64];

        snprintf(path, sizeof(path), "deploy/recipes/ecg-%s.recipe", names[i]);
        if (lat_recipe_read(&r, src_path(path), &err))
            print_error("%s\n", err.msg);
        assert_non_null(r);
        lat_recipe_free(r);
    }
}

/* ---- data ---- */

enum { SAMPLES = 3000 };

/* A record of two leads at 360 Hz; flat when height is 0. */
static void write_record(const char *name, const char *lead, size_t n,
                         double height)
{
    struct lat_signal *sig = NULL;

    CHECK(lat_signal_new(&sig, 2, n, NULL) == LAT_OK);
    sig->rate_hz = 360;
    strcpy(sig->channels[0].name, "V6");
    strcpy(sig->channels[1].name, lead);
    strcpy(sig->channels[0].unit, "mV");
    strcpy(sig->channels[1].unit, "mV");
    for (size_t t = 0; t < n; t++) {
        sig->v[t] = 0.5f;
        sig->v[n + t] = (float)(height * sin(0.1 * (double)t));
    }
    if (n > 100)
        sig->v[n + 50] = sig->v[n + 51] = NAN;
    CHECK(lat_wfdb_write(sig, dir, name, NULL) == LAT_OK);
    lat_signal_free(sig);
}

static void write_records(void)
{
    write_record("a1", "MLII", SAMPLES, 1.0);
    write_record("a2", "MLII", SAMPLES, 1.0);
    write_record("b", "II", SAMPLES, 1.0);
    write_record("c", "V5", SAMPLES, 1.0);
    write_record("short", "MLII", 900, 1.0);
    write_record("flat", "MLII", SAMPLES, 0.0);
    write_record("other", "aVR", SAMPLES, 1.0);
    write_text("RECORDS", "a1\na2\nb\nc\nshort\nflat\nother\n");
}

static struct lat_dataset *open_data(const char *lines, struct lat_err *err)
{
    struct lat_recipe *r = read_recipe(lines, err);
    struct lat_dataset *d = NULL;

    assert_non_null(r);
    if (lat_dataset_open(&d, r, dir, err))
        CHECK(!d);
    lat_recipe_free(r);
    return d;
}

TEST(dataset, groups_subjects_and_leaves_out_with_a_word)
{
    struct lat_err err = {0};
    struct lat_dataset_info info;
    struct lat_dataset *d;

    UNUSED_STATE;
    write_records();
    d = open_data("train = *\nvalid = b\ntest = c\nsubject a = a1 a2\n", &err);
    if (!d)
        print_error("%s\n", err.msg);
    assert_non_null(d);
    info = lat_dataset_info(d);
    CHECK(info.records[LAT_TRAIN] == 2 && info.subjects[LAT_TRAIN] == 1);
    CHECK(info.records[LAT_VALID] == 1 && info.records[LAT_TEST] == 1);
    CHECK_NEAR(info.seconds[LAT_TRAIN], 2.0 * SAMPLES / 360.0, 1e-9);
    CHECK(info.n_warnings == 3);
    assert_string_equal(
        info.warnings[0],
        "record short is left out: 900 samples, 1081 are needed");
    assert_string_equal(info.warnings[1],
                        "record flat is left out: lead MLII never changes");
    CHECK(strstr(info.warnings[2], "record other is left out: none of"));
    CHECK(strcmp(d->records[0].lead, "MLII") == 0);
    for (size_t t = 0; t < SAMPLES; t++) {
        double tol = t == 50 || t == 51 ? 2e-2 : 2e-3; /* they were missing */

        CHECK_NEAR(d->records[0].v[t], sin(0.1 * (double)t), tol);
        CHECK_NEAR(d->records[0].other[t], 0.5, 1e-3);
    }
    lat_dataset_free(d);
}

TEST(dataset, refuses_a_subject_on_two_sides_by_name)
{
    static const char *const bad[][2] = {
        {"train = a1\ntest = a2\nsubject a = a1 a2\n",
         "subject a is on two sides: record a1 in train, record a2 in test"},
        {"train = a1 b\nvalid = b\n", "record b stands in train and in valid"},
        {"train = a1 nobody\n", "record nobody: "},
        {"train = flat\n", "no record that can be used: record flat is"},
        {"train =\n", "no record that can be used"},
        {"train = a1\nrate = 250\n", "record a1: 360 Hz, the recipe wants 250"},
        {"train = a1\nunit = g\n", "record a1: "},
    };

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct lat_err err = {0};

        CHECK(!open_data(bad[i][0], &err));
        if (!strstr(err.msg, bad[i][1]))
            print_error("%s\ndoes not say: %s\n", err.msg, bad[i][1]);
        CHECK(strstr(err.msg, bad[i][1]));
    }
}

TEST(dataset, open_survives_any_failed_allocation)
{
    struct lat_recipe *r =
        read_recipe("train = a1\nvalid = b\nsubject a = a1 a2\n", NULL);
    struct lat_dataset *d = NULL;
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    assert_non_null(r);
    do {
        lat__mem_fail_after = n++;
        code = lat_dataset_open(&d, r, dir, NULL);
        CHECK(code == LAT_OK || (code == LAT_ENOMEM && !d));
    } while (code);
    lat__mem_fail_after = -1;
    CHECK(n > 10);
    lat_dataset_free(d);
    lat_recipe_free(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(recipe, has_defaults_comments_and_lines_that_go_on),
        T(recipe, objective_brings_its_weights_wherever_it_stands),
        T(recipe, refuses_what_does_not_fit_and_says_where),
        T(recipe, prints_what_reads_back_the_same),
        T(recipe, says_what_decides_and_no_more),
        T(recipe, read_survives_any_failed_allocation),
        T(recipe, page_has_every_key),
        T(recipe, shipped_ones_are_read),
        T(dataset, groups_subjects_and_leaves_out_with_a_word),
        T(dataset, refuses_a_subject_on_two_sides_by_name),
        T(dataset, open_survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, make_dir, remove_dir);
}
