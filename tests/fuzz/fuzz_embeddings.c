/*
 * fuzz_embeddings.c - a request for embeddings, of any kind of body.
 *
 * The input is a case of tests/cases/embeddings, so those are the corpus, and
 * what is found becomes one of them:
 *
 *     tests/fuzz/fuzz_embeddings found tests/cases/embeddings/ok \
 *         tests/cases/embeddings/bad
 */
#include "../server/cases.h"
#include "fuzz.h"

#include <stdlib.h>
#include <string.h>

static void check(bool good)
{
    if (!good)
        abort();
}

static void check_signal(const struct lat_signal *sig)
{
    float sum = 0.0f;

    check(sig->n_channels > 0 && sig->n_channels <= LAT_CHANNELS_MAX);
    for (size_t c = 0; c < sig->n_channels; c++)
        check(strnlen(sig->channels[c].name, LAT_NAME_MAX) < LAT_NAME_MAX &&
              strnlen(sig->channels[c].unit, LAT_UNIT_MAX) < LAT_UNIT_MAX);
    for (size_t i = 0; i < sig->n_channels * sig->n_samples; i++)
        sum += sig->v[i];
    check(sum > 0.0f || !(sum > 0.0f)); /* all of them can be read */
}

/* No larger than was allowed; its pixels are there or refused. */
static void check_picture(const struct latd_picture *p)
{
    struct lat_picture_info info;
    struct lat_image *image = NULL;
    struct lat_err err = {0};

    check(p->info.width > 0 && p->info.height > 0 &&
          p->info.width * p->info.height <= 1 << 20);
    if (lat_picture_decode(&image, &info, &p->file, 1 << 20, &err)) {
        check(err.code && err.msg[0]);
        return;
    }
    check(memcmp(&info, &p->info, sizeof(info)) == 0);
    lat_image_free(image);
}

/* An error can be told to a client. */
static void check_error(const struct lat_err *err)
{
    struct lat_buf b = {0};

    check(err->code && err->msg[0]);
    latd_wire_error_encode(&b, err, 400, "req");
    check(!b.failed && b.len > 0);
    lat_buf_fini(&b);
}

static void decode(const struct latd_body *body)
{
    const struct latd_embed_limits limits = {64, false, 1 << 20};
    struct latd_embed_req req;
    struct lat_err err = {0};

    if (latd_wire_embed_decode(&req, body, &limits, &err)) {
        check_error(&err);
        return;
    }
    check(req.n > 0 && req.n <= 64 && req.model[0]);
    for (size_t i = 0; i < req.n; i++) {
        if (req.inputs[i].picture)
            check_picture(req.inputs[i].picture);
        else if (req.inputs[i].sig)
            check_signal(req.inputs[i].sig);
        else
            check_error(&req.inputs[i].err);
    }
    latd_wire_embed_fini(&req);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct wire_case c = {0};
    struct latd_body body;
    char *type, *encoding, *file = lat_calloc(len + 1, 1);

    check(file != NULL);
    memcpy(file, data, len);
    if (case_parse(&c, file, len)) {
        /* not a byte more, so that the sanitizer sees what is read beyond */
        char *own = malloc(c.body_len + 1);

        check(own != NULL);
        memcpy(own, c.body, c.body_len);
        own[c.body_len] = '\0';
        body = case_body(&c, &type, &encoding);
        body.data = own;
        decode(&body);
        lat_free(type);
        lat_free(encoding);
        free(own);
    }
    case_close(&c);
    return 0;
}
