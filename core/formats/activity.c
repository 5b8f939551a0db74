/* activity.c - what people did, made sample by sample. */
#include "activity.h"

#include <stdio.h>
#include <string.h>

enum { FILE_MAX = 1 << 30 };

static const char *const skip_texts[LAT_N_SKIPS] = {
    "not six fields", "an empty field", "not a number", "an unknown activity",
    "time stamp 0"};

const char *lat__skip_text(enum lat__skip s)
{
    return skip_texts[s];
}

size_t lat__maker_samples(const struct lat__activity_maker *m)
{
    return m->rows.len / sizeof(float) / m->n_channels;
}

void lat__maker_sample(struct lat__activity_maker *m, const float *row)
{
    lat_buf_put(&m->rows, row, m->n_channels * sizeof(*row));
}

void lat__maker_stretch(struct lat__activity_maker *m,
                        const struct lat__stretch *s)
{
    lat_buf_put(&m->stretches, s, sizeof(*s));
}

void lat__maker_extend(struct lat__activity_maker *m, unsigned user,
                       unsigned activity, bool anew)
{
    size_t n = m->stretches.len / sizeof(struct lat__stretch);
    struct lat__stretch *last = n ? (void *)m->stretches.v : NULL;

    if (last)
        last += n - 1;
    if (last && !anew && last->user == user && last->activity == activity)
        last->n++;
    else
        lat__maker_stretch(m, &(struct lat__stretch){user, activity,
                                                     lat__maker_samples(m) - 1,
                                                     1});
}

static void name_channels(struct lat_signal *sig, const char *acc_unit)
{
    for (size_t k = 0; k < sig->n_channels; k++) {
        struct lat_channel *c = &sig->channels[k];

        snprintf(c->name, sizeof(c->name), "%s_%c", k < 3 ? "acc" : "gyro",
                 "xyz"[k % 3]);
        snprintf(c->unit, sizeof(c->unit), "%s", k < 3 ? acc_unit : "rad/s");
    }
}

enum lat_code lat__maker_take(struct lat__activities **out,
                              struct lat__activity_maker *m,
                              const char *acc_unit, struct lat_err *err)
{
    struct lat__activities *a = lat_calloc(1, sizeof(*a));
    const size_t n = lat__maker_samples(m), channels = m->n_channels;
    const float *rows = (const void *)m->rows.v;
    enum lat_code code = LAT_OK;

    if (!a || m->rows.failed || m->stretches.failed)
        code = lat_fail(err, LAT_ENOMEM, "%zu samples", n);
    else if (n == 0)
        code = lat_fail(err, LAT_EFORMAT, "no samples");
    else
        code = lat_signal_new(&a->signal, channels, n, err);
    if (code == LAT_OK) {
        a->n_stretches = m->stretches.len / sizeof(*a->stretches);
        a->stretches = lat_calloc(m->stretches.len + 1, 1);
        if (!a->stretches)
            code = lat_fail(err, LAT_ENOMEM, "%zu stretches", a->n_stretches);
    }
    if (code) {
        lat__activities_free(a);
        return code;
    }
    if (a->n_stretches)
        memcpy(a->stretches, m->stretches.v, m->stretches.len);
    name_channels(a->signal, acc_unit);
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < channels; k++)
            a->signal->v[k * n + i] = rows[i * channels + k];
    *out = a;
    return LAT_OK;
}

void lat__maker_fini(struct lat__activity_maker *m)
{
    lat_buf_fini(&m->rows);
    lat_buf_fini(&m->stretches);
}

enum lat_code lat__blob_read(struct lat_blob *blob, const char *dir,
                             const char *name, struct lat_err *err)
{
    struct lat_buf path = {0};
    char *data = NULL;
    enum lat_code code;

    lat_buf_printf(&path, "%s/%s", dir, name);
    code = path.failed
               ? lat_fail(err, LAT_ENOMEM, "path")
               : lat_file_read(&data, &blob->len, path.v, FILE_MAX, err);
    lat_buf_fini(&path);
    blob->name = name;
    blob->data = data;
    return code;
}

void lat__activities_free(struct lat__activities *a)
{
    if (!a)
        return;
    lat_signal_free(a->signal);
    lat_free(a->stretches);
    lat_free(a);
}
