/* null.c - how alike windows of different subjects are. */
#include "../formats.h"
#include "../measure.h"

#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 30 };

static const double probabilities[] = {
    0.0, 0.001, 0.005, 0.01, 0.025, 0.05,  0.1,  0.2,   0.3,   0.4, 0.5,
    0.6, 0.7,   0.8,   0.9,  0.95,  0.975, 0.99, 0.995, 0.999, 1.0};

enum { N_PROBABILITIES = sizeof(probabilities) / sizeof(probabilities[0]) };

struct pairs {
    struct lat__windows *w;
    float *unit, *turned; /* (n, dims) */
    float *s;             /* (n, n) */
    float *score;         /* (n (n - 1) / 2), of different subjects */
    size_t n;
};

static enum lat_code make(struct pairs *p, struct lat_err *err)
{
    size_t n = p->w->n;

    p->unit = lat_calloc(n, p->w->dims * sizeof(float));
    p->turned = lat_calloc(n, p->w->dims * sizeof(float));
    p->s = lat_calloc(n, n * sizeof(float));
    p->score = lat_calloc(n, (n + 1) / 2 * sizeof(float));
    if (!p->unit || !p->turned || !p->s || !p->score)
        return lat_fail(err, LAT_ENOMEM, "pairs of %zu windows", n);
    return LAT_OK;
}

static int by_value(const void *a, const void *b)
{
    const float *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

/* The pairs' cosines in dimensions begin … end - 1, rising. */
static void score_pairs(struct pairs *p, struct lat_range in)
{
    const struct lat__windows *w = p->w;
    size_t n = w->n, dims = in.end - in.begin;
    float *block = p->turned; /* free until similarities */

    for (size_t i = 0; i < n; i++)
        memcpy(block + i * dims, w->z + i * w->dims + in.begin,
               dims * sizeof(float));
    lat__unit_rows(p->unit, block, NULL, n, dims);
    lat__similarities(p->s, p->unit, p->unit, p->turned, n, dims, &w->ctx);
    p->n = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = 0; j < i; j++)
            if (w->subject[i] != w->subject[j])
                p->score[p->n++] = p->s[i * n + j];
    qsort(p->score, p->n, sizeof(*p->score), by_value);
}

/* Between the two nearest in rank; roundings of a cosine are cut off. */
static double quantile(const struct pairs *p, double probability)
{
    double at = probability * (double)(p->n - 1);
    size_t i = (size_t)at < p->n - 1 ? (size_t)at : p->n - 2;
    double low = (double)p->score[i], high = (double)p->score[i + 1];
    double q = low + (at - (double)i) * (high - low);

    q = q > 1.0 ? 1.0 : q;
    return q < -1.0 ? -1.0 : q;
}

static void measure(struct lat_null_eval *out, struct pairs *p)
{
    const struct lat_card *card = p->w->card;

    out->null.n = N_PROBABILITIES;
    memcpy(out->null.probability, probabilities, sizeof(probabilities));
    for (size_t b = 0; b < (card->partitioned ? LAT_N_BLOCKS : 1); b++) {
        score_pairs(p, card->partitioned ? card->blocks[b]
                                         : (struct lat_range){0, card->dims});
        for (size_t k = 0; k < N_PROBABILITIES; k++)
            out->null.cosine[b][k] = quantile(p, probabilities[k]);
    }
    out->windows = p->w->n;
    out->pairs = p->n;
}

/* Unshifted, unturned. */
static enum lat_code embed(struct lat__windows **out, struct lat_model *m,
                           const struct lat_dataset *d, size_t n_windows,
                           const struct lat_ctx *ctx, struct lat_err *err)
{
    enum lat_code code;

    if (lat_model_card(m)->input.n_channels == 1) {
        code = lat__shifted_new(out, m, d, LAT_VALID, n_windows, ctx, err);
        if (!code)
            lat__shifted_at(*out, 0);
        return code;
    }
    code = lat__turned_new(out, m, d, LAT_VALID, n_windows, ctx, err);
    if (!code)
        lat__turned_at(*out, NULL);
    return code;
}

static enum lat_code check(const struct lat_card *card,
                           const struct lat_dataset *d, size_t subjects,
                           struct lat_err *err)
{
    double rate = card->input.rate_hz;

    if (card->modality != LAT_SIGNALS)
        return lat_fail(err, LAT_EUNFIT,
                        "the model reads images: they are of "
                        "nobody");
    if (!(d->rate_hz > rate * (1.0 - 1e-6) && d->rate_hz < rate * (1.0 + 1e-6)))
        return lat_fail(err, LAT_EUNFIT, "the model reads %g Hz, the data %g",
                        rate, d->rate_hz);
    if (subjects < 2)
        return lat_fail(err, LAT_EINVAL,
                        "%zu subjects to validate on, at least two are "
                        "compared",
                        subjects);
    return LAT_OK;
}

enum lat_code lat_eval_null(struct lat_null_eval *out, struct lat_model *m,
                            const struct lat_kernel *kernel,
                            const struct lat_dataset *d, size_t n_windows,
                            unsigned n_threads, struct lat_err *err)
{
    size_t subjects = d->first[LAT_VALID + 1] - d->first[LAT_VALID];
    struct lat_null_eval *e = lat_calloc(1, sizeof(*e));
    struct lat_ctx ctx = {.kernel = kernel};
    struct pairs p = {0};
    enum lat_code code = check(lat_model_card(m), d, subjects, err);

    if (!code && !e)
        code = lat_fail(err, LAT_ENOMEM, "pairs");
    if (!code)
        code = lat__team_new(&ctx.team, n_threads, err);
    if (!code)
        code = embed(&p.w, m, d, n_windows, &ctx, err);
    if (!code)
        code = make(&p, err);
    if (!code) {
        e->subjects = subjects;
        measure(e, &p);
        *out = *e;
    }
    lat_free(p.unit);
    lat_free(p.turned);
    lat_free(p.s);
    lat_free(p.score);
    lat__windows_free(p.w);
    lat__team_free(ctx.team);
    lat_free(e);
    return code ? lat_wrap(err, code, "different subjects") : LAT_OK;
}

/* ---- into the card ---- */

static void print_list(struct lat_buf *b, const char *name, const double *v,
                       size_t n)
{
    lat_buf_printf(b, "\"%s\":[", name);
    for (size_t i = 0; i < n; i++)
        lat_buf_printf(b, "%s%.5g", i ? "," : "", v[i]);
    lat_buf_puts(b, "]");
}

static void print(struct lat_buf *b, const struct lat_null_eval *e,
                  const struct lat_card *card)
{
    lat_buf_printf(b,
                   "{\"split\":\"valid\",\"subjects\":%zu,\"windows\":%zu,"
                   "\"pairs\":%zu,",
                   e->subjects, e->windows, e->pairs);
    print_list(b, "probabilities", e->null.probability, e->null.n);
    lat_buf_puts(b, ",\"quantiles\":{");
    for (int k = 0; k < (card->partitioned ? LAT_N_BLOCKS : 1); k++) {
        lat_buf_puts(b, k ? "," : "");
        print_list(
            b, card->partitioned ? lat_block_name((enum lat_block)k) : "all",
            e->null.cosine[k], e->null.n);
    }
    lat_buf_puts(b, "}}");
}

/* What is written must be a model, and the same one. */
static enum lat_code check_written(const struct lat_buf *file,
                                   const char *weights, struct lat_err *err)
{
    struct lat_model *m = NULL;
    enum lat_code code = lat_model_decode(&m, file->v, file->len, err);

    if (!code && strcmp(lat_model_card(m)->weights_digest, weights) != 0)
        code = lat_fail(err, LAT_EIO, "the weights came out as others");
    lat_model_unref(m);
    return code;
}

enum lat_code lat_null_write(const char *to, const char *from,
                             const struct lat_null_eval *e, struct lat_err *err)
{
    struct lat_buf note = {0}, file = {0};
    struct lat_model *m = NULL;
    char *old = NULL;
    size_t len = 0;
    enum lat_code code = lat_file_read(&old, &len, from, FILE_MAX, err);

    if (!code)
        code = lat_model_decode(&m, old, len, err);
    if (!code)
        print(&note, e, lat_model_card(m));
    if (!code && note.failed)
        code = lat_fail(err, LAT_ENOMEM, "a card");
    if (!code)
        code =
            lat__safetensors_note(&file, old, len, "null_scores", note.v, err);
    if (!code)
        code = check_written(&file, lat_model_card(m)->weights_digest, err);
    if (!code)
        code = lat_file_write(to, file.v, file.len, err);
    lat_model_unref(m);
    lat_buf_fini(&note);
    lat_buf_fini(&file);
    lat_free(old);
    return code ? lat_wrap(err, code, "%s", from) : LAT_OK;
}
