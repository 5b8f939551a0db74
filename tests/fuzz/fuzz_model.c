/*
 * fuzz_model.c - any bytes as a model file.
 *
 * What is taken must be whole: its ranges within its dimensions, a plan of it
 * must be made, and its weights must be the same after a way out and back.
 */
#include "fuzz.h"

#include "../../core/encoder.h"
#include "../../core/plan.h"

#include <stdlib.h>
#include <string.h>

enum { SMALL = 1 << 22 }; /* floats of a plan that is worth the time */

static void check(int good)
{
    if (!good)
        abort();
}

static void check_again(const struct lat_model *m)
{
    const struct lat_card *card = lat_model_card(m);
    struct lat_model *again = NULL;
    struct lat_buf file = {0};

    check(lat__model_encode(&file, lat__model_net(m), lat__model_params(m),
                            card->json, NULL) == LAT_OK);
    check(lat_model_decode(&again, file.v, file.len, NULL) == LAT_OK);
    check(strcmp(card->weights_digest, lat_model_card(again)->weights_digest) ==
          0);
    lat_model_unref(again);
    lat_buf_fini(&file);
}

static void check_plan(struct lat_model *m)
{
    const struct lat_kernel *kernel = NULL;
    struct lat_plan *p = NULL;

    check(lat_kernel_pick(&kernel, NULL, NULL) == LAT_OK);
    check(lat_plan_new(&p, m, kernel, LAT_FLOAT32, NULL) == LAT_OK);
    if (p->room + p->scratch < SMALL) {
        enum lat_code code = lat_plan_self_test(p, 1, NULL);

        check(code == LAT_OK || code == LAT_ENONFINITE);
    }
    lat_plan_unref(p);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct lat_model *m = NULL;
    const struct lat_card *card;

    if (lat_model_decode(&m, data, len, NULL))
        return 0;
    card = lat_model_card(m);
    for (int b = 0; b < LAT_N_BLOCKS; b++)
        check(card->blocks[b].begin <= card->blocks[b].end &&
              card->blocks[b].end <= card->dims);
    check_again(m);
    check_plan(m);
    lat_model_unref(m);
    return 0;
}
