/*
 * heart_probe.c - what the latents of an ECG hold of the patient, of the beat,
 * and of where in a beat the window stands.
 *
 * patient    windows of a test patient's first half of the recording are
 *            fitted, those of the second are asked: a closed set
 * beat       windows about a marked beat, as many of each class of EC57 (N, S,
 *            V) as there are; fitted on training patients
 * position   sine and cosine of where the middle of the window lies between
 *            two marked beats; fitted on training patients
 */
#include "beats.h"

#include <math.h>
#include <string.h>

enum { KINDS = 3 };

static const char kinds[KINDS + 1] = "NSV";
static const uint64_t heart_seed = 0x6865617274u;

struct hearts {
    const struct lat_model *m;
    const struct lat_dataset *d;
    const struct lat_heart_ask *ask;
    struct lat__beats *beats;
    struct lat_ctx ctx;
    struct lat_heart_probe *out; /* LAT_N_BLOCKS + 1 */
    size_t dims;
};

/* Rows of one probe: latents, answers. */
struct rows {
    size_t n, outs;
    float *z, *y; /* (n, dims), (n, outs) */
};

static enum lat_code rows_new(struct rows *r, const struct hearts *h,
                              size_t most, size_t outs, struct lat_err *err)
{
    *r = (struct rows){.outs = outs};
    r->z = lat_calloc(most, h->dims * sizeof(float));
    r->y = lat_calloc(most, outs * sizeof(float));
    if (!r->z || !r->y)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", most);
    return LAT_OK;
}

static void rows_fini(struct rows *r)
{
    lat_free(r->z);
    lat_free(r->y);
}

static float *rows_add(struct rows *r, const struct lat__windows *w, size_t i)
{
    memcpy(r->z + r->n * w->dims, w->z + i * w->dims, w->dims * sizeof(*r->z));
    return r->y + r->n++ * r->outs;
}

/* ---- one probe of each block -------------------------------------------- */

typedef enum lat_code probe_fn(double *out, const struct lat__probe *p,
                               struct lat_err *err);

static enum lat_code probe_block(double *out, const struct hearts *h,
                                 const struct rows set[2], size_t block,
                                 probe_fn *run, struct lat_err *err)
{
    const struct lat_card *card = lat_model_card(h->m);
    struct lat_range b = {0, h->dims};
    struct lat__probe p = {.outs = set[0].outs, .seed = heart_seed};
    float *x[2];
    enum lat_code code = LAT_OK;

    if (block < LAT_N_BLOCKS)
        b = card->blocks[block];
    p.dims = b.end - b.begin;
    for (size_t s = 0; s < 2; s++) {
        x[s] = lat_calloc(set[s].n, p.dims * sizeof(float));
        for (size_t i = 0; x[s] && i < set[s].n; i++)
            memcpy(x[s] + i * p.dims, set[s].z + i * h->dims + b.begin,
                   p.dims * sizeof(float));
        if (!x[s])
            code = lat_fail(err, LAT_ENOMEM, "%zu windows", set[s].n);
    }
    p.fit = (struct lat__probe_set){x[0], set[0].y, set[0].n};
    p.test = (struct lat__probe_set){x[1], set[1].y, set[1].n};
    if (!code)
        code = run(out, &p, err);
    lat_free(x[0]);
    lat_free(x[1]);
    return code;
}

static bool present(const struct hearts *h, size_t block)
{
    const struct lat_card *card = lat_model_card(h->m);

    return block == LAT_N_BLOCKS ||
           (card->partitioned &&
            card->blocks[block].end > card->blocks[block].begin);
}

/* Where is the offset of a double in struct lat_heart_probe. */
static enum lat_code probe_all(const struct hearts *h, const struct rows set[2],
                               size_t where, probe_fn *run, struct lat_err *err)
{
    enum lat_code code = LAT_OK;

    for (size_t b = 0; !code && b <= LAT_N_BLOCKS; b++)
        if (present(h, b) && set[0].n > 1 && set[1].n > 1)
            code = probe_block((double *)((char *)&h->out[b] + where), h, set,
                               b, run, err);
    return code;
}

/* ---- the patient -------------------------------------------------------- */

static enum lat_code probe_patient(const struct hearts *h,
                                   struct lat__windows *w, struct lat_err *err)
{
    size_t first = h->d->first[h->ask->split];
    size_t patients = h->d->first[h->ask->split + 1] - first;
    size_t each = h->ask->n_windows;
    struct rows set[2] = {{0}};
    enum lat_code code = rows_new(&set[0], h, w->n, patients, err);

    if (!code)
        code = rows_new(&set[1], h, w->n, patients, err);
    for (size_t i = 0; !code && i < w->n; i++)
        rows_add(&set[i % each >= each / 2], w, i)[w->subject[i] - first] =
            1.0f;
    if (!code)
        code = probe_all(h, set, offsetof(struct lat_heart_probe, patient),
                         lat__probe_classes, err);
    rows_fini(&set[0]);
    rows_fini(&set[1]);
    return code;
}

/* ---- where in the beat -------------------------------------------------- */

static void add_positions(struct rows *r, const struct hearts *h,
                          const struct lat__windows *w)
{
    for (size_t i = 0; i < w->n; i++) {
        const struct lat__beats *b = &h->beats[w->record[i] - h->d->records];
        double phase =
            lat__beats_phase(b, w->begin[i] + w->window / 2, h->d->rate_hz);
        float *y;

        if (isnan(phase))
            continue;
        y = rows_add(r, w, i);
        y[0] = (float)sin(6.283185307179586 * phase);
        y[1] = (float)cos(6.283185307179586 * phase);
    }
}

static enum lat_code probe_position(const struct hearts *h,
                                    const struct lat__windows *fit,
                                    const struct lat__windows *test,
                                    struct lat_err *err)
{
    struct rows set[2] = {{0}};
    enum lat_code code = rows_new(&set[0], h, fit->n, 2, err);

    if (!code)
        code = rows_new(&set[1], h, test->n, 2, err);
    if (!code) {
        add_positions(&set[0], h, fit);
        add_positions(&set[1], h, test);
        code =
            probe_all(h, set, offsetof(struct lat_heart_probe, position_linear),
                      lat__probe_linear, err);
    }
    if (!code)
        code = probe_all(h, set, offsetof(struct lat_heart_probe, position_mlp),
                         lat__probe_mlp, err);
    rows_fini(&set[0]);
    rows_fini(&set[1]);
    return code;
}

/* ---- the beat ----------------------------------------------------------- */

/* Beat i of the record is of that kind, and has room for a window about it. */
static bool usable(const struct hearts *h, size_t record, size_t i, size_t kind)
{
    const struct lat__beats *b = &h->beats[record];
    size_t window = lat_model_card(h->m)->input.window;

    return b->kind[i] == kinds[kind] && b->at[i] >= window / 2 &&
           b->at[i] - window / 2 + window <= h->d->records[record].n;
}

static size_t count_kind(const struct hearts *h, const struct lat__subject *who,
                         size_t kind)
{
    size_t n = 0;

    for (size_t k = 0; k < who->n_records; k++)
        for (size_t i = 0; i < h->beats[who->records[k]].n; i++)
            n += usable(h, who->records[k], i, kind);
    return n;
}

static void place(struct lat__windows *w, size_t n, const struct hearts *h,
                  size_t record, size_t i)
{
    w->record[n] = &h->d->records[record];
    w->begin[n] = h->beats[record].at[i] - w->window / 2;
    w->subject[n] = h->d->records[record].subject;
}

/* Of a subject, up to a third of its windows, evenly over its beats of that
 * kind, one about each; returns how many windows there are now. */
static size_t place_kind(struct lat__windows *w, size_t n,
                         const struct hearts *h, size_t subject, size_t kind)
{
    const struct lat__subject *who = &h->d->subjects[subject];
    size_t all = count_kind(h, who, kind), most = h->ask->n_windows / KINDS;
    size_t seen = 0, taken = 0;

    most = all < most ? all : most;
    for (size_t k = 0; k < who->n_records; k++)
        for (size_t i = 0; i < h->beats[who->records[k]].n; i++) {
            if (!usable(h, who->records[k], i, kind))
                continue;
            if (taken < most && seen++ * most / all >= taken) {
                w->label[n] = (uint32_t)kind;
                place(w, n++, h, who->records[k], i);
                taken++;
            }
        }
    return n;
}

static enum lat_code beat_rows(struct rows *r, const struct hearts *h,
                               enum lat_split split, struct lat_err *err)
{
    size_t first = h->d->first[split], last = h->d->first[split + 1], n = 0;
    struct lat__windows *w = NULL;
    enum lat_code code =
        lat__windows_make(&w, h->m, (last - first) * h->ask->n_windows + 1,
                          LAT_TASK_NONE, &h->ctx, err);

    if (!code)
        code = rows_new(r, h, w->n, KINDS, err);
    for (size_t s = first; !code && s < last; s++)
        for (size_t k = 0; k < KINDS; k++)
            n = place_kind(w, n, h, s, k);
    if (!code && n > 0) {
        w->n = n;
        lat__shifted_at(w, 0);
        for (size_t i = 0; i < n; i++)
            rows_add(r, w, i)[w->label[i]] = 1.0f;
    }
    lat__windows_free(w);
    return code;
}

static enum lat_code probe_beat(const struct hearts *h, struct lat_err *err)
{
    struct rows set[2] = {{0}};
    enum lat_code code = beat_rows(&set[0], h, LAT_TRAIN, err);

    if (!code)
        code = beat_rows(&set[1], h, h->ask->split, err);
    if (!code)
        code = probe_all(h, set, offsetof(struct lat_heart_probe, beat),
                         lat__probe_recall, err);
    rows_fini(&set[0]);
    rows_fini(&set[1]);
    return code;
}

/* ---- the whole ---------------------------------------------------------- */

static enum lat_code run(struct hearts *h, struct lat_err *err)
{
    struct lat__windows *fit = NULL, *test = NULL;
    enum lat_code code = lat__shifted_new(&fit, h->m, h->d, LAT_TRAIN,
                                          h->ask->n_windows, &h->ctx, err);

    if (!code)
        code = lat__shifted_new(&test, h->m, h->d, h->ask->split,
                                h->ask->n_windows, &h->ctx, err);
    if (!code) {
        lat__shifted_at(fit, 0);
        lat__shifted_at(test, 0);
        code = probe_patient(h, test, err);
    }
    if (!code)
        code = probe_position(h, fit, test, err);
    if (!code)
        code = probe_beat(h, err);
    lat__windows_free(fit);
    lat__windows_free(test);
    return code;
}

enum lat_code lat_probe_heart(struct lat_heart_probe out[LAT_N_BLOCKS + 1],
                              struct lat_model *m,
                              const struct lat_kernel *kernel,
                              const struct lat_dataset *d,
                              const struct lat_heart_ask *ask,
                              struct lat_err *err)
{
    struct lat_heart_probe found[LAT_N_BLOCKS + 1];
    struct hearts h = {.m = m,
                       .d = d,
                       .ask = ask,
                       .ctx = {.kernel = kernel},
                       .out = found,
                       .dims = lat_model_card(m)->dims};
    enum lat_code code = LAT_OK;

    for (size_t b = 0; b <= LAT_N_BLOCKS; b++)
        found[b] = (struct lat_heart_probe){present(&h, b), NAN, NAN, NAN, NAN};
    if (lat_model_card(m)->input.n_channels != 1 || d->n_channels != 1)
        code = lat_fail(err, LAT_EUNFIT, "hearts are probed of one channel");
    else if (d->first[ask->split + 1] == d->first[ask->split] ||
             d->first[LAT_TRAIN + 1] == d->first[LAT_TRAIN])
        code = lat_fail(err, LAT_EINVAL,
                        "no patient in the split, or none to fit probes on");
    if (!code)
        code = lat__beats_read(&h.beats, d, ask->dir, err);
    if (!code)
        code = lat__team_new(&h.ctx.team, ask->n_threads, err);
    if (!code)
        code = run(&h, err);
    if (!code)
        memcpy(out, found, sizeof(found));
    lat__beats_free(h.beats, d->n_records);
    lat__team_free(h.ctx.team);
    return code ? lat_wrap(err, code, "probes of the heart") : LAT_OK;
}
