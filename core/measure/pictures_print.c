/* pictures_print.c - an evaluation of images as JSON. */
#include "../measure.h"

#include <math.h>

static void put_number(struct lat_buf *out, double v)
{
    if (isfinite(v))
        lat_buf_printf(out, "%.5g", v);
    else
        lat_buf_puts(out, "null");
}

static void put(struct lat_buf *out, const char *name, double v)
{
    lat_buf_printf(out, ",\"%s\":", name);
    put_number(out, v);
}

static void put_list(struct lat_buf *out, const char *name, const double *v,
                     size_t n)
{
    lat_buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < n; i++) {
        lat_buf_puts(out, i ? "," : "");
        put_number(out, v[i]);
    }
    lat_buf_puts(out, "]");
}

static void put_counts(struct lat_buf *out, const char *name, const size_t *v,
                       size_t n)
{
    lat_buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < n; i++)
        lat_buf_printf(out, "%s%zu", i ? "," : "", v[i]);
    lat_buf_puts(out, "]");
}

static void put_precision(struct lat_buf *out,
                          const struct lat_image_measures *m)
{
    lat_buf_puts(out, ",\"precision\":[");
    for (size_t i = 0; i < m->n_cuts; i++) {
        lat_buf_printf(out, "%s{\"dimensions\":%zu", i ? "," : "", m->cut[i]);
        put_list(out, "at", m->precision[i], LAT_TOP);
        lat_buf_puts(out, "}");
    }
    lat_buf_puts(out, "]");
}

static void put_measures(struct lat_buf *out, const char *name,
                         const struct lat_image_eval *e,
                         const struct lat_image_measures *m)
{
    lat_buf_printf(out, ",\"%s\":{\"active_dimensions\":%zu", name,
                   m->n_active);
    put(out, "consistency", m->consistency);
    put(out, "consistency_sd", m->consistency_sd);
    put(out, "consistency_weighted", m->consistency_weighted);
    put(out, "entropy_sum", m->entropy_sum);
    put(out, "entropy_mean", m->entropy_mean);
    put(out, "entropy_count", m->entropy_count);
    put(out, "sparsity", m->sparsity);
    put(out, "not_negative", m->not_negative);
    put(out, "orthogonality", m->overlap);
    put(out, "orthogonality_published", m->overlap_published);
    put(out, "effective_rank", m->rank);
    put(out, "sepin_1", m->sepin_1);
    put(out, "sepin_10", m->sepin_10);
    put(out, "sepin", m->sepin);
    put_precision(out, m);
    lat_buf_printf(out, ",\"zero_latents\":%zu", m->n_shut);
    if (e->gated) {
        put(out, "open_gates", m->open);
        put_list(out, "gate_histogram", m->gates, LAT_GATE_BINS);
    }
    put_list(out, "consistency_by_dimension", m->by_dim, e->dims);
    put_counts(out, "support_by_dimension", m->support, e->dims);
    lat_buf_puts(out, "}");
}

void lat_image_eval_print(struct lat_buf *out, const struct lat_image_eval *e)
{
    lat_buf_printf(out,
                   "{\"test_images\":%zu,\"training_images\":%zu,"
                   "\"classes\":%zu,\"dimensions\":%zu",
                   e->n_test, e->n_train, e->classes, e->dims);
    if (e->n_train) {
        put(out, "probe_features_top1", e->probe_first);
        put(out, "probe_features_top5", e->probe_five);
        put(out, "knn_features", e->knn);
        put(out, "probe_latent_top1", e->running.probe_first);
        put(out, "probe_latent_top5", e->running.probe_five);
        put(out, "knn_latent", e->running.knn);
    }
    put_measures(out, "running_statistics", e, &e->running);
    put_measures(out, "batch_statistics", e, &e->batch);
    lat_buf_puts(out, "}");
}
