/* test_null.c - how alike different subjects are: in a card, out of it, and
 * written into a file whose weights stay as they are. */
#include "../../core/formats.h"
#include "../../core/latent.h"
#include "../check.h"

#include <string.h>
#include <unistd.h>

static const struct lat_null steps = {
    .n = 3,
    .probability = {0.0, 0.5, 1.0},
    .cosine = {{-0.5, 0.0, 0.8}, {0.2, 0.2, 0.2}, {-1.0, 1.0, 1.0}}};

TEST(null, is_read_between_quantiles)
{
    const struct lat_null none = {0};

    UNUSED_STATE;
    CHECK(lat_null_percentile(&none, 0, 0.5) < 0.0);
    CHECK_NEAR(lat_null_percentile(&steps, 0, -0.9), 0.0, 0.0);
    CHECK_NEAR(lat_null_percentile(&steps, 0, -0.25), 25.0, 1e-12);
    CHECK_NEAR(lat_null_percentile(&steps, 0, 0.0), 50.0, 1e-12);
    CHECK_NEAR(lat_null_percentile(&steps, 0, 0.4), 75.0, 1e-12);
    CHECK_NEAR(lat_null_percentile(&steps, 0, 0.8), 100.0, 1e-12);
    CHECK_NEAR(lat_null_percentile(&steps, 0, 0.9), 100.0, 0.0);
    CHECK_NEAR(lat_null_percentile(&steps, 1, 0.2), 0.0, 0.0);
    CHECK_NEAR(lat_null_percentile(&steps, 1, 0.3), 100.0, 0.0);
    CHECK_NEAR(lat_null_percentile(&steps, 2, 1.0), 50.0, 1e-12);
}

static const char *shipped(void)
{
    return src_path("deploy/models/ecg-scl.safetensors");
}

/* The card of the shipped model, with this in the place of its null_scores. */
static enum lat_code decode_with(const char *null, struct lat_err *err)
{
    struct lat_buf out = {0};
    struct lat_model *m = NULL;
    char *file = NULL;
    size_t len = 0;
    enum lat_code code = lat_file_read(&file, &len, shipped(), 1 << 24, err);

    if (!code)
        code = lat__safetensors_note(&out, file, len, "null_scores", null, err);
    CHECK(code == LAT_OK);
    code = lat_model_decode(&m, out.v, out.len, err);
    lat_model_unref(m);
    lat_buf_fini(&out);
    lat_free(file);
    return code;
}

TEST(null, that_cannot_be_is_refused_by_name)
{
    static const struct {
        const char *json, *message;
    } bad[] = {
        {"[1]", "null_scores"},
        {"{\"probabilities\":[0,1]}", "quantiles"},
        {"{\"probabilities\":[0,1],\"other\":1}", "other"},
        {"{\"probabilities\":[0],\"quantiles\":{}}", "2 to 64"},
        {"{\"probabilities\":[0.1,1],\"quantiles\":{}}", "0 to 1"},
        {"{\"probabilities\":[0,0.5,0.5,1],\"quantiles\":{}}",
         "probabilities[2]"},
        {"{\"probabilities\":[0,1],\"quantiles\":{\"all\":[0,1]}}", "all"},
        {"{\"probabilities\":[0,1],\"quantiles\":{\"invariant\":[0,1],"
         "\"variant\":[0.5,0.4],\"free\":[0,1]}}",
         "variant[1]"},
        {"{\"probabilities\":[0,1],\"quantiles\":{\"invariant\":[0,1],"
         "\"variant\":[0,1],\"free\":[0,1,1]}}",
         "free"},
        {"{\"probabilities\":[0,1],\"quantiles\":{\"invariant\":[-2,1],"
         "\"variant\":[0,1],\"free\":[0,1]}}",
         "invariant[0]"},
    };
    struct lat_err err = {0};

    UNUSED_STATE;
    CHECK(decode_with("null", &err) == LAT_OK);
    CHECK(decode_with("{\"probabilities\":[0,1],\"quantiles\":{\"invariant\":"
                      "[0,1],\"variant\":[0,1],\"free\":[-1,1]}}",
                      &err) == LAT_OK);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        CHECK(decode_with(bad[i].json, &err) == LAT_EFORMAT);
        if (!strstr(err.msg, bad[i].message))
            print_error("%s: %s\n", bad[i].json, err.msg);
        CHECK(strstr(err.msg, bad[i].message));
    }
}

TEST(null, is_written_without_a_change_to_the_weights)
{
    const struct lat_null_eval e = {
        .null = steps, .subjects = 2, .windows = 4, .pairs = 4};
    char path[] = "/tmp/latentd-test-XXXXXX";
    struct lat_model *old = NULL, *new = NULL;
    const struct lat_card *was, *is;
    struct lat_err err = {0};
    int fd = mkstemp(path);

    UNUSED_STATE;
    CHECK(fd >= 0 && close(fd) == 0);
    CHECK(lat_null_write(path, shipped(), &e, &err) == LAT_OK);
    CHECK(lat_null_write(path, path, &e, &err) == LAT_OK);
    CHECK(lat_model_read(&old, shipped(), &err) == LAT_OK);
    CHECK(lat_model_read(&new, path, &err) == LAT_OK);
    was = lat_model_card(old);
    is = lat_model_card(new);
    assert_string_equal(is->weights_digest, was->weights_digest);
    assert_string_equal(is->prep_digest, was->prep_digest);
    assert_string_not_equal(is->digest, was->digest);
    CHECK(is->null.n == 3 && was->null.n == 21);
    CHECK_NEAR(is->null.cosine[0][2], 0.8, 0.0);
    CHECK_NEAR(is->null.cosine[2][0], -1.0, 0.0);
    CHECK(lat_null_write(path, "/nowhere", &e, &err) != LAT_OK);
    lat_model_unref(old);
    lat_model_unref(new);
    CHECK(unlink(path) == 0);
}

/* Where the recordings are: what stands in the shipped card is what they say.
 */
TEST(null, of_the_shipped_model_is_that_of_its_validation_patients)
{
    const char *data = getenv("LATENTD_DATA");
    const struct lat_kernel *kernel = NULL;
    struct lat_dataset *d = NULL;
    struct lat_recipe *r = NULL;
    struct lat_model *m = NULL;
    struct lat_null_eval *e = lat_calloc(1, sizeof(*e));
    const struct lat_null *said;
    char path[4096];

    UNUSED_STATE;
    CHECK(e);
    snprintf(path, sizeof(path), "%s/ecg/mitdb",
             data ? data : src_path("../shared/data"));
    CHECK(lat_recipe_read(&r, src_path("deploy/recipes/ecg-scl.recipe"),
                          NULL) == LAT_OK);
    CHECK(lat_recipe_set(r, "train", "", NULL) == LAT_OK);
    CHECK(lat_recipe_set(r, "test", "", NULL) == LAT_OK);
    if (lat_dataset_open(&d, r, path, NULL)) {
        print_message("no recordings in %s: set LATENTD_DATA\n", path);
        lat_recipe_free(r);
        lat_free(e);
        skip();
    }
    CHECK(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    CHECK(lat_model_read(&m, shipped(), NULL) == LAT_OK);
    CHECK(lat_eval_null(e, m, kernel, d, 200, 2, NULL) == LAT_OK);
    CHECK(e->subjects == 4 && e->windows == 800 && e->pairs == 240000);
    said = &lat_model_card(m)->null;
    for (size_t b = 0; b < LAT_N_BLOCKS; b++)
        for (size_t k = 0; k < said->n; k++)
            CHECK_NEAR(e->null.cosine[b][k], said->cosine[b][k], 1e-3);
    CHECK(lat_null_percentile(said, LAT_INV, 0.95) > 99.0);
    lat_model_unref(m);
    lat_dataset_free(d);
    lat_recipe_free(r);
    lat_free(e);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(null, is_read_between_quantiles),
        T(null, that_cannot_be_is_refused_by_name),
        T(null, is_written_without_a_change_to_the_weights),
        T(null, of_the_shipped_model_is_that_of_its_validation_patients),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
