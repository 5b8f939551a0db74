/* measured.c - a split of the data through what its kind is measured by. */
#include "measured.h"
#include "pictures.h"
#include "turned.h"

enum { WINDOWS = 60 }; /* of a subject, as latent eval has by default */

static const char *const names[] = {"train", "valid", "test"};

static enum lat_code measure_turned(struct lat_buf *json, struct lat_model *m,
                                    const struct cli_measured *on,
                                    enum lat_split split, struct lat_err *err)
{
    const struct lat_turn_ask ask = {split, WINDOWS, on->threads};
    struct lat_turn_eval e;
    enum lat_code code = lat_eval_rotation(&e, m, on->kernel, on->d, &ask, err);

    if (code)
        return code;
    lat_buf_printf(json, "%c\"%s\":", json->len ? ',' : '{', names[split]);
    lat_turn_eval_print(json, &e);
    return LAT_OK;
}

static enum lat_code measure_images(struct lat_buf *json, struct lat_model *m,
                                    const struct cli_measured *on,
                                    struct lat_err *err)
{
    struct lat_image_eval *e = NULL;
    enum lat_code code =
        cli_eval_images(&e, m, on->kernel, on->d, LAT_TEST, on->threads, err);

    if (code)
        return code;
    lat_buf_puts(json, "{\"test\":");
    lat_image_eval_print(json, e);
    lat_image_eval_free(e);
    return LAT_OK;
}

enum lat_code cli_measure(struct lat_buf *json, struct lat_model *m,
                          const struct cli_measured *on, enum lat_split split,
                          struct lat_err *err)
{
    struct lat_eval *e;
    enum lat_code code;

    if (lat_dataset_info(on->d).subjects[split] == 0)
        return LAT_OK;
    if (cli_is_of_images(m))
        return split == LAT_TEST ? measure_images(json, m, on, err) : LAT_OK;
    if (cli_is_turned(m))
        return measure_turned(json, m, on, split, err);
    e = lat_calloc(1, sizeof(*e));
    if (!e)
        return lat_fail(err, LAT_ENOMEM, "evaluation");
    code = lat_eval_phase(e, m, on->kernel, on->d, split, WINDOWS, on->threads,
                          err);
    if (!code) {
        lat_buf_printf(json, "%c\"%s\":", json->len ? ',' : '{', names[split]);
        lat_eval_print(json, e);
    }
    lat_free(e);
    return code;
}
