/*
 * replay_model.c - the fuzz target on its seeds and on spoiled copies of them,
 * without libFuzzer; with a directory, the seeds are written there instead:
 *
 *     tests/fuzz/replay_model corpus && tests/fuzz/fuzz_model corpus
 */
#include "../check.h"
#include "../core/model_cases.h"
#include "fuzz.h"

enum { SPOILED = 4000, SEEDS = N_MODEL_CASES + 2 };

static void seed_file(struct lat_buf *file, size_t i)
{
    static const struct model_spec residual = {
        "batchnorm, conv1d 3 k3 p1, batchnorm, relu, conv1d 3 k3 p1, "
        "add with4, avgpool, linear 4",
        "linear 2",
        24,
        3,
        LAT_TASK_CLASSES,
        1};

    if (i == 0)
        model_bytes(file, &small_model, NULL, NULL);
    else if (i == 1)
        model_bytes(file, &residual, NULL, NULL);
    else
        model_case(file, &model_cases[i - 2]);
}

/* A few bytes changed, or a stretch of them moved, mostly in the header. */
static void spoil(struct lat_buf *file, struct lat_rng *rng)
{
    size_t near = file->len < 3000 ? file->len : 3000;

    for (size_t n = 1 + lat__rng_below(rng, 4); n > 0; n--) {
        size_t at = lat__rng_below(rng, near), to = lat__rng_below(rng, near);
        size_t len = lat__rng_below(rng, 40);

        if (lat__rng_below(rng, 3) == 0 && at + len < near && to + len < near)
            memmove(file->v + to, file->v + at, len);
        else if (lat__rng_below(rng, 2) == 0)
            file->v[at] = (char)('0' + lat__rng_below(rng, 10));
        else
            file->v[at] = (char)lat__rng_below(rng, 256);
    }
}

TEST(fuzz, model_survives_its_seeds)
{
    UNUSED_STATE;
    for (size_t i = 0; i < SEEDS; i++) {
        struct lat_buf file = {0};

        seed_file(&file, i);
        LLVMFuzzerTestOneInput((const uint8_t *)file.v, file.len);
        lat_buf_fini(&file);
    }
}

TEST(fuzz, model_survives_spoiled_copies)
{
    struct lat_buf good[2] = {{0}, {0}};
    struct lat_rng rng;

    UNUSED_STATE;
    lat__rng_seed(&rng, 1);
    for (size_t i = 0; i < 2; i++)
        seed_file(&good[i], i);
    for (size_t i = 0; i < SPOILED; i++) {
        struct lat_buf file = {0};

        lat_buf_put(&file, good[i % 2].v, good[i % 2].len);
        spoil(&file, &rng);
        LLVMFuzzerTestOneInput((const uint8_t *)file.v, file.len);
        lat_buf_fini(&file);
    }
    lat_buf_fini(&good[0]);
    lat_buf_fini(&good[1]);
}

static int write_seeds(const char *dir)
{
    for (size_t i = 0; i < SEEDS; i++) {
        struct lat_buf file = {0};
        struct lat_err err = {0};
        char path[4096];

        seed_file(&file, i);
        snprintf(path, sizeof(path), "%s/%03zu.safetensors", dir, i);
        must(lat_file_write(path, file.v, file.len, &err), &err);
        lat_buf_fini(&file);
    }
    return 0;
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(fuzz, model_survives_its_seeds),
        T(fuzz, model_survives_spoiled_copies),
    };

    if (argc > 1)
        return write_seeds(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
