/* settle.c - the list of inputs: how many, how large, and whose an error is. */
#include "settle.h"

#include "picture.h"

enum lat_code latd_wire_embed_at(const struct latd_embed_req *req, size_t i,
                                 enum lat_code code, struct lat_err *err)
{
    switch (req->place) {
    case LATD_AT_BODY:
        break;
    case LATD_AT_INPUT:
        return lat_at(err, code, "input");
    case LATD_AT_INPUTS:
        lat_at(err, code, "[%zu]", i);
        return lat_at(err, code, "input");
    case LATD_AT_FILES:
        lat_at(err, code, "[%zu]", i);
        return lat_at(err, code, "file");
    case LATD_AT_EACH:
        lat_at(err, code, "input");
        return lat_at(err, code, "%s", req->inputs[i].at);
    }
    return code;
}

enum lat_code latd_inputs_new(struct latd_embed_req *out, size_t n, size_t max,
                              struct lat_err *err)
{
    enum lat_code code;

    if (n == 0) {
        code = lat_fail(err, LAT_EINVAL, "no inputs, expected at least one");
        return lat_at(err, code, "input");
    }
    if (n > max) {
        code = lat_fail(err, LAT_ETOOBIG,
                        "%zu inputs, at most %zu are taken at once "
                        "(max-inputs)",
                        n, max);
        return lat_at(err, code, "input");
    }
    out->inputs = lat_calloc(n, sizeof(*out->inputs));
    if (!out->inputs)
        return lat_fail(err, LAT_ENOMEM, "%zu inputs", n);
    out->n = n;
    return LAT_OK;
}

void latd_input_forget(struct latd_embed_input *in)
{
    lat_signal_free(in->sig);
    latd_picture_free(in->picture);
    in->sig = NULL;
    in->picture = NULL;
}

/* Of all images so far: told before one of them is decoded. */
static enum lat_code count_pixels(struct latd_embed_req *out,
                                  const struct latd_picture *picture,
                                  uint64_t most, struct lat_err *err)
{
    const struct lat_picture_info *info = &picture->info;
    uint64_t n = (uint64_t)info->width * info->height;

    if (info->width > LAT_SIDE_MAX || info->height > LAT_SIDE_MAX)
        return lat_fail(err, LAT_ETOOBIG, "%zu x %zu pixels, at most %d a side",
                        info->width, info->height, LAT_SIDE_MAX);
    if (most && n > most - out->n_pixels)
        return lat_fail(err, LAT_ETOOBIG,
                        "%zu x %zu pixels after %llu of other images, at most "
                        "%llu are taken at once (max-pixels)",
                        info->width, info->height,
                        (unsigned long long)out->n_pixels,
                        (unsigned long long)most);
    out->n_pixels += n;
    return LAT_OK;
}

/* What was decoded is what was said that it would be. */
static enum lat_code check_input(struct latd_embed_req *out,
                                 const struct latd_embed_input *in,
                                 const struct latd_embed_limits *limits,
                                 struct lat_err *err)
{
    static const char *const names[] = {"a signal", "an image"};
    int is = in->picture ? LAT_IMAGES : LAT_SIGNALS;

    if (out->modality >= 0 && out->modality != is)
        return lat_fail_word(err, LAT_EUNFIT, "modality_mismatch",
                             "%s, but modality says %s", names[is],
                             names[out->modality]);
    return in->picture ? count_pixels(out, in->picture, limits->max_pixels, err)
                       : LAT_OK;
}

enum lat_code latd_inputs_settle(struct latd_embed_req *out, size_t i,
                                 enum lat_code code,
                                 const struct latd_embed_limits *limits,
                                 struct lat_err *err)
{
    struct latd_embed_input *in = &out->inputs[i];

    if (code == LAT_OK)
        code = check_input(out, in, limits, &in->err);
    if (code == LAT_OK)
        return LAT_OK;
    latd_input_forget(in);
    latd_wire_embed_at(out, i, code, &in->err);
    if (out->partial && code != LAT_ENOMEM)
        return LAT_OK;
    if (err)
        *err = in->err;
    return code;
}
