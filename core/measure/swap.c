/*
 * swap.c - what comes out of the decoder when blocks of two latents are put
 * together: whose phase, and whose form?
 *
 *     phase  decode [invariant of x; variant, free of x 75 ms later]: share of
 *            windows where that is nearer to the later window
 *     form   decode [invariant of a; variant, free of b], a and b of different
 *            patients: share of pairs where its magnitude spectrum, which a
 *            shift hardly changes, is more like a's than b's.  Most of a
 *            spectrum is the rhythm, which goes with the phase of each beat
 *     beat   of the same pairs, where the strongest 0.4 s of what was decoded
 *            lie better over some place of a's window than over any of b's:
 *            the largest cosine, which knows neither phase nor rhythm
 */
#include "../measure.h"

#include <math.h>
#include <string.h>

static const double swap_ms = 75.0, beat_ms = 400.0;

struct swap {
    struct lat__windows *w;
    const struct lat_card *card;
    float *x, *z;     /* of the windows unshifted */
    float *y;         /* (n, window): what was decoded */
    float *matrix;    /* (window, 2 bins) */
    float *f, *a, *b; /* (2 bins), (bins) each: of one window */
    size_t bins;
};

static enum lat_code make(struct swap *s, struct lat_err *err)
{
    size_t n = s->w->n, len = s->w->window, dims = s->w->dims;

    s->bins = lat__spectrum_bins(len);
    s->x = lat_calloc(n, len * sizeof(float));
    s->z = lat_calloc(n, dims * sizeof(float));
    s->y = lat_calloc(n, len * sizeof(float));
    s->matrix = lat_calloc(len, 2 * s->bins * sizeof(float));
    s->f = lat_calloc(4 * s->bins, sizeof(float));
    if (!s->x || !s->z || !s->y || !s->matrix || !s->f)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", n);
    s->a = s->f + 2 * s->bins;
    s->b = s->a + s->bins;
    lat__spectrum_matrix(s->matrix, len);
    return LAT_OK;
}

static void fini(struct swap *s)
{
    lat_free(s->x);
    lat_free(s->z);
    lat_free(s->y);
    lat_free(s->matrix);
    lat_free(s->f);
}

/* Decodes what stands in w->z into y. */
static void decode(struct swap *s)
{
    struct lat__windows *w = s->w;
    size_t n;

    for (size_t i = 0; i < w->n; i += n) {
        n = lat__windows_rows(w, w->task, w->z, w->dims, i);
        memcpy(s->y + i * w->window, w->task->act[w->net->task.n_layers].v,
               n * w->window * sizeof(float));
    }
}

static double distance(const float *a, const float *b, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += ((double)a[i] - (double)b[i]) * ((double)a[i] - (double)b[i]);
    return sum;
}

/* The invariant block of window from of z becomes that of w->z's window to. */
static void take_invariant(struct swap *s, size_t to, size_t from)
{
    struct lat_range b = s->card->blocks[LAT_INV];

    memcpy(s->w->z + to * s->w->dims + b.begin,
           s->z + from * s->w->dims + b.begin,
           (b.end - b.begin) * sizeof(float));
}

static double whose_phase(struct swap *s)
{
    struct lat__windows *w = s->w;
    size_t later = 0, len = w->window;

    lat__shifted_at(w, lat__phase_samples(swap_ms, w->card->input.rate_hz));
    for (size_t i = 0; i < w->n; i++)
        take_invariant(s, i, i);
    decode(s);
    for (size_t i = 0; i < w->n; i++)
        later += distance(s->y + i * len, w->x + i * len, len) <
                 distance(s->y + i * len, s->x + i * len, len);
    return (double)later / (double)w->n;
}

static void spectrum(const struct swap *s, float *out, const float *x)
{
    memset(s->f, 0, 2 * s->bins * sizeof(*s->f));
    for (size_t t = 0; t < s->w->window; t++)
        for (size_t k = 0; k < 2 * s->bins; k++)
            s->f[k] += x[t] * s->matrix[t * 2 * s->bins + k];
    lat__spectrum(out, s->f, s->bins);
    lat__unit_rows(out, out, NULL, 1, s->bins);
}

static double likeness(const struct swap *s, size_t decoded, size_t of)
{
    size_t len = s->w->window;

    spectrum(s, s->a, s->y + decoded * len);
    spectrum(s, s->b, s->x + of * len);
    return lat__mean_cosine(s->a, s->b, 1, s->bins);
}

static double energy(const float *x, size_t n)
{
    double sum = 0.0;

    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    return sum;
}

static const float *strongest(const float *x, size_t len, size_t n)
{
    double most = -1.0;
    size_t at = 0;

    for (size_t i = 0; i + n <= len; i++) {
        double e = energy(x + i, n);

        if (e > most) {
            most = e;
            at = i;
        }
    }
    return x + at;
}

/* The largest cosine of a beat (n) with any n samples of x (len). */
static double match(const float *beat, size_t n, const float *x, size_t len)
{
    double of_beat = energy(beat, n), best = -1.0;

    for (size_t i = 0; i + n <= len; i++) {
        double norm = sqrt(of_beat * energy(x + i, n)), dot = 0.0;

        for (size_t j = 0; j < n; j++)
            dot += (double)beat[j] * (double)x[i + j];
        best = norm > 0.0 ? fmax(best, dot / norm) : best;
    }
    return best;
}

static bool beat_is_of(const struct swap *s, size_t decoded, size_t of)
{
    size_t len = s->w->window;
    size_t n = (size_t)lat__phase_samples(beat_ms, s->w->card->input.rate_hz);
    const float *beat;

    n = n < len ? n : len;
    beat = strongest(s->y + decoded * len, len, n);
    return match(beat, n, s->x + of * len, len) >
           match(beat, n, s->x + decoded * len, len);
}

/* Window i has the invariant block of the window half of all further on, if
 * that is of another patient. */
static void whose_form(struct lat_swap *out, struct swap *s)
{
    struct lat__windows *w = s->w;
    size_t pairs = 0, form = 0, beat = 0;

    memcpy(w->z, s->z, w->n * w->dims * sizeof(float));
    for (size_t i = 0; i < w->n; i++)
        take_invariant(s, i, (i + w->n / 2) % w->n);
    decode(s);
    for (size_t i = 0; i < w->n; i++) {
        size_t of = (i + w->n / 2) % w->n;

        if (w->subject[i] == w->subject[of])
            continue;
        pairs++;
        form += likeness(s, i, of) > likeness(s, i, i);
        beat += beat_is_of(s, i, of);
    }
    out->form = pairs ? (double)form / (double)pairs : (double)NAN;
    out->beat = pairs ? (double)beat / (double)pairs : (double)NAN;
}

enum lat_code lat_eval_swap(struct lat_swap *out, struct lat_model *m,
                            const struct lat_kernel *kernel,
                            const struct lat_dataset *d,
                            const struct lat_turn_ask *ask, struct lat_err *err)
{
    struct swap s = {.card = lat_model_card(m)};
    struct lat_ctx ctx = {.kernel = kernel};
    enum lat_code code = LAT_OK;

    if (!s.card->partitioned || s.card->task != LAT_TASK_RECONSTRUCTION ||
        s.card->input.n_channels != 1 || d->n_channels != 1)
        return lat_fail(err, LAT_EUNFIT,
                        "blocks are swapped of models with partitions and a "
                        "decoder, of one channel");
    code = lat__team_new(&ctx.team, ask->n_threads, err);
    if (!code)
        code =
            lat__shifted_new(&s.w, m, d, ask->split, ask->n_windows, &ctx, err);
    if (!code)
        code = make(&s, err);
    if (!code) {
        lat__shifted_at(s.w, 0);
        memcpy(s.x, s.w->x, s.w->n * s.w->window * sizeof(float));
        memcpy(s.z, s.w->z, s.w->n * s.w->dims * sizeof(float));
        out->phase = whose_phase(&s);
        whose_form(out, &s);
    }
    fini(&s);
    lat__windows_free(s.w);
    lat__team_free(ctx.team);
    return code ? lat_wrap(err, code, "swapped blocks") : LAT_OK;
}
