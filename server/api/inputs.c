/* inputs.c - from a body to windows. */
#include "inputs.h"

static const char *query(const void *arg, const char *name)
{
    return latd_req_query(arg, name);
}

struct latd_params latd_query_params(const struct latd_req *req)
{
    return (struct latd_params){query, req};
}

struct latd_body latd_body_of(const struct latd_req *req)
{
    return (struct latd_body){
        .type = latd_req_header(req, "Content-Type"),
        .encoding = latd_req_header(req, "Content-Encoding"),
        .data = req->body,
        .len = req->body_len,
        .query = latd_query_params(req),
    };
}

static enum lat_code decode(struct latd_inputs *in, struct latd_req *req,
                            bool each)
{
    static const enum latd_format formats[] = {
        [LATD_KIND_JSON] = LATD_FORMAT_json,
        [LATD_KIND_MULTIPART] = LATD_FORMAT_multipart,
        [LATD_KIND_RAW] = LATD_FORMAT_raw,
        [LATD_KIND_CSV] = LATD_FORMAT_csv,
        [LATD_KIND_NPY] = LATD_FORMAT_npy,
        [LATD_KIND_EDF] = LATD_FORMAT_edf,
        [LATD_KIND_JPEG] = LATD_FORMAT_jpeg,
        [LATD_KIND_PNG] = LATD_FORMAT_png,
    };
    const struct latd_body body = latd_body_of(req);
    const struct latd_embed_limits limits = {req->app->config.max_inputs, each,
                                             req->app->config.max_pixels};
    uint64_t begun = latd_now_ns();
    enum latd_kind kind;
    enum lat_code code = latd_wire_kind(&kind, &body, &req->err);

    if (code)
        return code;
    code = latd_wire_embed_decode(&in->asked, &body, &limits, &req->err);
    latd_hist_ns(&req->app->metrics->parse[formats[kind]],
                 latd_now_ns() - begun);
    return code;
}

/* What belongs to one of the two modalities. */
static enum lat_code check_modality(const struct latd_embed_req *asked,
                                    const struct lat_card *card,
                                    struct lat_err *err)
{
    const struct lat_cut *cut = &asked->cut;
    enum lat_code code;

    if (asked->modality >= 0 &&
        (enum lat_modality)asked->modality != card->modality) {
        code = lat_fail_word(err, LAT_EUNFIT, "modality_mismatch",
                             "model %s reads %ss", card->name,
                             lat_modality_name(card->modality));
        return lat_at(err, code, "modality");
    }
    if (asked->gate_mode > LAT_GATES_NONE && !card->gate.mode) {
        code = lat_fail_word(err, LAT_EUNFIT, "no_gates",
                             "model %s has no gates", card->name);
        return lat_at(err, code, "gate_mode");
    }
    if (card->modality == LAT_IMAGES &&
        (cut->mode != LAT_REJECT || cut->positional || asked->pool_mean)) {
        code = lat_fail(err, LAT_EINVAL,
                        "model %s reads images, which have no windows and no "
                        "channels to be matched",
                        card->name);
        return lat_at(err, code,
                      cut->positional ? "channel_match" : "windowing");
    }
    return LAT_OK;
}

bool latd_wants_parts(enum lat_gate_mode *mode,
                      const struct latd_embed_req *asked,
                      const struct lat_card *card)
{
    unsigned more = LATD_INCLUDE_FEATURES;

    *mode = asked->gate_mode < 0 ? card->gate.mode
                                 : (enum lat_gate_mode)asked->gate_mode;
    if (card->modality != LAT_IMAGES)
        return false;
    if (card->gate.mode)
        more |= LATD_INCLUDE_GATES;
    return *mode != card->gate.mode || asked->include & more;
}

enum lat_code latd_check_options(const struct latd_embed_req *asked,
                                 const struct lat_card *card,
                                 struct lat_err *err)
{
    struct lat_range part = {0, card->dims};
    enum lat_code code = check_modality(asked, card, err);

    if (code)
        return code;
    if (asked->block >= 0 && !card->partitioned) {
        code =
            lat_fail(err, LAT_EINVAL, "model %s has no partitions", card->name);
        return lat_at(err, code, "partition");
    }
    if (asked->block >= 0)
        part = card->blocks[asked->block];
    if (!asked->dimensions || asked->dimensions == part.end - part.begin)
        return LAT_OK;
    if (asked->block < 0 && card->partitioned &&
        card->blocks[LAT_INV].begin == 0 &&
        asked->dimensions == card->blocks[LAT_INV].end)
        return LAT_OK;
    code =
        lat_fail(err, LAT_EINVAL,
                 "dimensions is %zu, but the %zu of model %s have no "
                 "shorter prefix that means something%s",
                 asked->dimensions, part.end - part.begin, card->name,
                 card->partitioned ? ", except the invariant partition" : "");
    return lat_at(err, code, "dimensions");
}

/* At the model's rate; 0 for a rate that lat_prepare will refuse by name. */
static double resampled(const struct latd_inputs *in,
                        const struct lat_signal *sig)
{
    double to = in->model->card->input.rate_hz;

    if (!(sig->rate_hz >= 1.0))
        return 0.0;
    return (double)sig->n_samples * to / sig->rate_hz;
}

/* A few bytes at a low rate are many samples at the model's, and an http
 * thread makes them: refused before they are. */
static enum lat_code check_samples(struct latd_inputs *in,
                                   const struct lat_signal *sig, uint64_t most,
                                   struct lat_err *err)
{
    in->n_resampled += resampled(in, sig);
    if (in->n_resampled <= (double)most)
        return LAT_OK;
    return lat_fail(err, LAT_ETOOBIG,
                    "%.0f samples at the %g Hz of model %s, at most %llu are "
                    "taken at once (max-samples)",
                    in->n_resampled, in->model->card->input.rate_hz,
                    in->model->card->name, (unsigned long long)most);
}

/* A hop of one sample makes as many windows as there are samples: refused
 * before they are cut. */
static enum lat_code check_windows(const struct latd_inputs *in,
                                   const struct lat_signal *sig, size_t most,
                                   struct lat_err *err)
{
    const struct lat_card *card = in->model->card;
    double hop =
        (double)(in->asked.cut.hop ? in->asked.cut.hop : card->input.window);
    double n = resampled(in, sig);

    if (in->asked.cut.mode != LAT_TILE || !(n > (double)card->input.window))
        return LAT_OK;
    n = (double)in->n_windows + (n - (double)card->input.window) / hop + 1.0;
    if (n <= (double)most + 1.0)
        return LAT_OK;
    return lat_fail(err, LAT_ETOOBIG,
                    "%.0f windows, at most %zu are embedded at once "
                    "(max-inputs); a longer hop_samples makes fewer",
                    n, most);
}

size_t latd_prepared_count(const struct latd_prepared *p)
{
    return p->windows ? p->windows->n : p->image != NULL;
}

static enum lat_code check_count(const struct latd_inputs *in, size_t most,
                                 struct lat_err *err)
{
    if (in->n_windows <= most)
        return LAT_OK;
    return lat_fail(err, LAT_ETOOBIG,
                    "%zu windows, at most %zu are embedded at once "
                    "(max-inputs)",
                    in->n_windows, most);
}

static void count_warnings(struct latd_metrics *m, const struct lat_windows *w)
{
    for (int i = 0; i < LAT_N_WARNINGS; i++)
        if (w->warned[i])
            atomic_fetch_add(&m->warnings[i], 1);
}

/* Input i came to code: its own error, or everybody's. */
static enum lat_code refuse(struct latd_inputs *in, struct latd_req *req,
                            size_t i, enum lat_code code)
{
    struct lat_err *err = &in->prepared[i].err;

    latd_wire_embed_at(&in->asked, i, code, err);
    if (in->asked.partial && code != LAT_ENOMEM)
        return LAT_OK;
    req->err = *err;
    return code;
}

static enum lat_code prepare_signal(struct latd_inputs *in,
                                    struct latd_req *req, size_t i)
{
    struct latd_embed_input *from = &in->asked.inputs[i];
    struct latd_prepared *to = &in->prepared[i];
    size_t most = req->app->config.max_inputs;
    enum lat_code code =
        check_samples(in, from->sig, req->app->config.max_samples, &req->err);

    if (code == LAT_OK)
        code = check_windows(in, from->sig, most, &req->err);
    if (code)
        return latd_wire_embed_at(&in->asked, i, code, &req->err);
    code = lat_prepare(&to->windows, in->model->card, from->sig, &in->asked.cut,
                       &to->err);
    if (code)
        return refuse(in, req, i, code);
    lat_signal_free(from->sig); /* its windows are copies */
    from->sig = NULL;
    in->n_windows += to->windows->n;
    in->n_samples += to->windows->n * in->model->card->input.window;
    count_warnings(req->app->metrics, to->windows);
    return check_count(in, most, &req->err);
}

/* Of the image that the network reads. */
static size_t patches(const struct lat_image_input *in)
{
    return (in->height + 15) / 16 * ((in->width + 15) / 16);
}

/* Of bodies that were not counted while they were decoded. */
static enum lat_code check_pixels(struct latd_inputs *in,
                                  const struct latd_picture *from,
                                  uint64_t most, struct lat_err *err)
{
    uint64_t n = (uint64_t)from->info.width * from->info.height;

    if (n > most - in->n_pixels)
        return lat_fail(err, LAT_ETOOBIG,
                        "%llu pixels after %llu of other images, at most %llu "
                        "are taken at once (max-pixels)",
                        (unsigned long long)n, (unsigned long long)in->n_pixels,
                        (unsigned long long)most);
    in->n_pixels += n;
    return LAT_OK;
}

/* One image is decoded at a time, and nothing is left of it but what the
 * network reads. */
static enum lat_code prepare_image(struct latd_inputs *in, struct latd_req *req,
                                   size_t i)
{
    const struct latd_picture *from = in->asked.inputs[i].picture;
    struct latd_prepared *to = &in->prepared[i];
    const struct lat_card *card = in->model->card;
    struct lat_image *image = NULL;
    uint64_t most = req->app->config.max_pixels;
    enum lat_code code = check_pixels(in, from, most, &to->err);

    if (code == LAT_OK)
        code = lat_picture_decode(&image, NULL, &from->file, most, &to->err);
    if (code == LAT_OK)
        code = lat_prepare_image(&to->image, card, image, &to->err);
    lat_image_free(image);
    if (code)
        return refuse(in, req, i, code);
    in->n_windows++;
    in->n_samples += patches(&card->image);
    return check_count(in, req->app->config.max_inputs, &req->err);
}

static enum lat_code prepare(struct latd_inputs *in, struct latd_req *req,
                             size_t i)
{
    const struct latd_embed_input *from = &in->asked.inputs[i];
    struct latd_prepared *to = &in->prepared[i];
    enum lat_modality is = from->picture ? LAT_IMAGES : LAT_SIGNALS;
    const struct lat_card *card = in->model->card;

    to->err = from->err;
    if (!from->sig && !from->picture)
        return LAT_OK;
    if (is != card->modality)
        return refuse(in, req, i,
                      lat_fail_word(&to->err, LAT_EUNFIT, "modality_mismatch",
                                    "%s, but model %s reads %ss",
                                    is == LAT_IMAGES ? "an image" : "a signal",
                                    card->name,
                                    lat_modality_name(card->modality)));
    return is == LAT_IMAGES ? prepare_image(in, req, i)
                            : prepare_signal(in, req, i);
}

enum lat_code latd_inputs_prepare(struct latd_inputs *in, struct latd_req *req)
{
    enum lat_code code;

    code = latd_models_ref(req->app->models, in->asked.model, &in->model,
                           &req->err);
    if (code)
        return lat_at(&req->err, code, "model");
    code = latd_check_options(&in->asked, in->model->card, &req->err);
    if (code)
        return code;
    in->parts = latd_wants_parts(&in->mode, &in->asked, in->model->card);
    in->prepared = lat_calloc(in->asked.n, sizeof(*in->prepared));
    if (!in->prepared)
        return lat_fail(&req->err, LAT_ENOMEM, "%zu inputs", in->asked.n);
    for (size_t i = 0; i < in->asked.n && code == LAT_OK; i++)
        code = prepare(in, req, i);
    return code;
}

enum lat_code latd_inputs_init(struct latd_inputs *in, struct latd_req *req,
                               bool each)
{
    enum lat_code code = decode(in, req, each);

    return code ? code : latd_inputs_prepare(in, req);
}

static void prepared_fini(struct latd_prepared *p)
{
    lat_windows_free(p->windows);
    lat_image_prepared_free(p->image);
}

void latd_inputs_fini(struct latd_inputs *in)
{
    for (size_t i = 0; in->prepared && i < in->asked.n; i++)
        prepared_fini(&in->prepared[i]);
    lat_free(in->prepared);
    latd_wire_embed_fini(&in->asked);
    latd_model_unref(in->model);
    *in = (struct latd_inputs){0};
}
