/* test_shipped.c - the shipped models do what their pages say. */
#include "../../core/latent.h"
#include "../check.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

static const char *path_of(const char *folder, const char *name,
                           const char *ending)
{
    char path[256];

    snprintf(path, sizeof(path), "deploy/%s/%s.%s", folder, name, ending);
    return src_path(path);
}

static struct lat_model *shipped(const char *name)
{
    struct lat_model *m = NULL;
    struct lat_err err = {0};

    if (lat_model_read(&m, path_of("models", name, "safetensors"), &err))
        print_error("%s\n", err.msg);
    assert_non_null(m);
    return m;
}

static struct lat_recipe *recipe(const char *name)
{
    struct lat_recipe *r = NULL;

    CHECK(lat_recipe_read(&r, path_of("recipes", name, "recipe"), NULL) ==
          LAT_OK);
    return r;
}

/* NULL where the recordings are not there.  train NULL: the recipe's. */
static struct lat_dataset *test_subjects(const char *name, const char *folder,
                                         const char *train)
{
    const char *data = getenv("LATENTD_DATA");
    struct lat_dataset *d = NULL;
    struct lat_recipe *r = recipe(name);
    char path[4096];

    snprintf(path, sizeof(path), "%s/%s",
             data ? data : src_path("../shared/data"), folder);
    if (train)
        CHECK(lat_recipe_set(r, "train", train, NULL) == LAT_OK);
    CHECK(lat_recipe_set(r, "valid", "", NULL) == LAT_OK);
    if (lat_dataset_open(&d, r, path, NULL))
        print_message("no recordings in %s: set LATENTD_DATA\n", path);
    lat_recipe_free(r);
    return d;
}

/* The card's recipe as it reads today: a key that came later has its
 * default. */
static struct lat_recipe *recipe_of(const struct lat_card *card)
{
    json_t *json = json_loads(card->json, 0, NULL);
    const char *text = json_string_value(
        json_object_get(json_object_get(json, "training"), "recipe"));
    char path[] = "/tmp/latentd-test-XXXXXX";
    struct lat_recipe *r = NULL;
    int fd = mkstemp(path);

    assert_non_null(text);
    CHECK(fd >= 0 && close(fd) == 0);
    CHECK(lat_file_write(path, text, strlen(text), NULL) == LAT_OK);
    CHECK(lat_recipe_read(&r, path, NULL) == LAT_OK);
    CHECK(unlink(path) == 0);
    json_decref(json);
    return r;
}

static void check_recipe(const char *name, size_t dims, const char *licence)
{
    struct lat_model *m = shipped(name);
    const struct lat_card *card = lat_model_card(m);
    struct lat_recipe *r = recipe(name), *said = recipe_of(card);
    struct lat_buf text = {0}, want = {0};

    lat_recipe_print(&text, said);
    lat_recipe_print(&want, r);
    CHECK(!text.failed && !want.failed);
    assert_string_equal(text.v, want.v);
    CHECK(strstr(card->json, licence));
    CHECK(card->partitioned == (card->modality == LAT_SIGNALS));
    CHECK(card->dims == dims);
    lat_buf_fini(&text);
    lat_buf_fini(&want);
    lat_recipe_free(said);
    lat_recipe_free(r);
    lat_model_unref(m);
}

TEST(shipped, cards_say_the_recipes_of_the_tree)
{
    UNUSED_STATE;
    check_recipe("ecg-scl", 144, "Open Data Commons Attribution");
    check_recipe("imu-scl", 64, "commercial use prohibited");
    check_recipe("image-bayesncl", 128, "asks to be cited");
    check_recipe("image-ncl", 128, "asks to be cited");
}

/* Patients that neither training nor the choice of anything used. */
TEST(shipped, reaches_its_aims_on_test_patients)
{
    const struct lat_kernel *kernel = NULL;
    struct lat_dataset *d = test_subjects("ecg-scl", "ecg/mitdb", "");
    const struct lat_row_eval *inv, *var;
    struct lat_model *m;
    struct lat_eval *e;

    UNUSED_STATE;
    if (!d)
        skip();
    m = shipped("ecg-scl");
    e = lat_calloc(1, sizeof(*e));
    assert_non_null(e);
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    CHECK(lat_eval_phase(e, m, kernel, d, LAT_TEST, 60, 2, NULL) == LAT_OK);
    inv = &e->rows[LAT_ROW_INV];
    var = &e->rows[LAT_ROW_VAR];
    CHECK(inv->at_75 >= 0.97 && inv->mean_150 >= 0.95);
    CHECK(inv->between <= 0.20);
    CHECK(var->at_75 <= inv->at_75 - 0.5);
    CHECK(inv->recall_1 >= 0.96);
    CHECK(inv->recall_1 >= e->rows[LAT_ROW_SPECTRUM].recall_1);
    CHECK(inv->recall_1 >= e->rows[LAT_ROW_HANN].recall_1);
    CHECK(e->reconstruction <= 1.5 * 0.0163); /* of ecg-plain */
    lat_free(e);
    lat_model_unref(m);
    lat_dataset_free(d);
}

TEST(shipped, tells_activities_apart_however_the_phone_is_held)
{
    const struct lat_kernel *kernel = NULL;
    const struct lat_turn_ask ask = {LAT_TEST, 60, 2};
    struct lat_dataset *d = test_subjects("imu-scl", "imu/hapt", NULL);
    struct lat_turn_eval e;
    struct lat_model *m;

    UNUSED_STATE;
    if (!d)
        skip();
    m = shipped("imu-scl");
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    CHECK(lat_eval_rotation(&e, m, kernel, d, &ask, NULL) == LAT_OK);
    CHECK(e.has_head && e.accuracy_turned >= 0.97);
    CHECK(e.consistency >= 0.985);
    CHECK(e.rows[LAT_TURN_INV].similarity >=
          e.rows[LAT_TURN_VAR].similarity + 0.8);
    lat_model_unref(m);
    lat_dataset_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(shipped, cards_say_the_recipes_of_the_tree),
        T(shipped, reaches_its_aims_on_test_patients),
        T(shipped, tells_activities_apart_however_the_phone_is_held),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
