/* test_shipped.c - the shipped model does what its page says. */
#include "../../core/latent.h"
#include "../check.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

static struct lat_model *shipped(void)
{
    struct lat_model *m = NULL;
    struct lat_err err = {0};

    if (lat_model_read(&m, src_path("deploy/models/ecg-scl.safetensors"), &err))
        print_error("%s\n", err.msg);
    assert_non_null(m);
    return m;
}

static struct lat_recipe *recipe(void)
{
    struct lat_recipe *r = NULL;

    CHECK(lat_recipe_read(&r, src_path("deploy/recipes/ecg-scl.recipe"),
                          NULL) == LAT_OK);
    return r;
}

/* NULL where the recordings are not there. */
static struct lat_dataset *test_patients(void)
{
    const char *data = getenv("LATENTD_DATA");
    struct lat_dataset *d = NULL;
    struct lat_recipe *r = recipe();
    char path[4096];

    snprintf(path, sizeof(path), "%s/ecg/mitdb",
             data ? data : src_path("../shared/data"));
    CHECK(lat_recipe_set(r, "train", "", NULL) == LAT_OK);
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

TEST(shipped, card_says_the_recipe_of_the_tree)
{
    struct lat_model *m = shipped();
    const struct lat_card *card = lat_model_card(m);
    struct lat_recipe *r = recipe(), *said = recipe_of(card);
    struct lat_buf text = {0}, want = {0};

    UNUSED_STATE;
    lat_recipe_print(&text, said);
    lat_recipe_print(&want, r);
    CHECK(!text.failed && !want.failed);
    assert_string_equal(text.v, want.v);
    CHECK(strstr(card->json, "Open Data Commons Attribution"));
    CHECK(card->partitioned && card->dims == 144);
    lat_buf_fini(&text);
    lat_buf_fini(&want);
    lat_recipe_free(said);
    lat_recipe_free(r);
    lat_model_unref(m);
}

/* Patients that neither training nor the choice of anything used. */
TEST(shipped, reaches_its_aims_on_test_patients)
{
    const struct lat_kernel *kernel = NULL;
    struct lat_dataset *d = test_patients();
    const struct lat_row_eval *inv, *var;
    struct lat_model *m;
    struct lat_eval *e;

    UNUSED_STATE;
    if (!d)
        skip();
    m = shipped();
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(shipped, card_says_the_recipe_of_the_tree),
        T(shipped, reaches_its_aims_on_test_patients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
