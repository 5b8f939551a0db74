/* pictures_meaning.c - what the dimensions of images mean, by their classes and
 * by fewer, merged ones. */
#include "../measure.h"

#include <math.h>

static enum lat_code by_classes(struct lat_image_measures *m,
                                const struct lat__codes *c, struct lat_err *err)
{
    struct lat__dim_meaning *dims = lat_calloc(c->dims, sizeof(*dims));
    struct lat__meaning all = {.dims = dims};
    enum lat_code code;
    double sum = 0.0, right = 0.0, active = 0.0;

    if (!dims)
        return lat_fail(err, LAT_ENOMEM, "%zu dimensions", c->dims);
    code = lat__meaning(&all, c, err);
    m->consistency = all.consistency;
    m->entropy_sum = all.entropy[LAT_BY_SUM];
    m->entropy_mean = all.entropy[LAT_BY_MEAN];
    m->entropy_count = all.entropy[LAT_BY_COUNT];
    for (size_t k = 0; k < c->dims && !code; k++) {
        double apart = dims[k].consistency - all.consistency;

        m->by_dim[k] = dims[k].consistency;
        m->support[k] = dims[k].support;
        if (dims[k].support) {
            sum += apart * apart;
            right += dims[k].consistency * (double)dims[k].support;
            active += (double)dims[k].support;
        }
    }
    m->consistency_weighted = active > 0.0 ? right / active : NAN;
    m->consistency_sd =
        all.n_dims > 1 ? sqrt(sum / (double)(all.n_dims - 1)) : 0.0;
    lat_free(dims);
    return code;
}

static enum lat_code by_merged(double *consistency, const struct lat__codes *c,
                               const struct lat_merge *merge,
                               struct lat_err *err)
{
    struct lat__dim_meaning *dims = lat_calloc(c->dims, sizeof(*dims));
    uint32_t *label = lat_calloc(c->n, sizeof(*label));
    struct lat__meaning all = {.dims = dims};
    struct lat__codes merged = *c;
    enum lat_code code = LAT_OK;

    merged.label = label;
    merged.classes = 0;
    for (size_t k = 0; k < merge->n; k++)
        if (merge->to[k] >= merged.classes)
            merged.classes = merge->to[k] + 1;
    if (!dims || !label)
        code = lat_fail(err, LAT_ENOMEM, "%zu labels", c->n);
    for (size_t i = 0; i < c->n && !code; i++)
        label[i] = merge->to[c->label[i]];
    if (!code)
        code = lat__meaning(&all, &merged, err);
    *consistency = all.consistency;
    lat_free(dims);
    lat_free(label);
    return code;
}

enum lat_code lat__check_merges(const struct lat_image_ask *ask,
                                struct lat_err *err)
{
    size_t classes = lat_gallery_classes(ask->test);

    if (ask->n_merges > LAT_MERGES)
        return lat_fail(err, LAT_EINVAL, "classes merged in %zu ways, most %d",
                        ask->n_merges, LAT_MERGES);
    for (size_t i = 0; i < ask->n_merges; i++)
        if (ask->merges[i].n != classes)
            return lat_fail(err, LAT_EINVAL,
                            "%zu classes to be merged, the images are of %zu",
                            ask->merges[i].n, classes);
    return LAT_OK;
}

enum lat_code lat__picture_meaning(struct lat_image_measures *m,
                                   const struct lat__codes *c,
                                   const struct lat_image_ask *ask,
                                   struct lat_err *err)
{
    enum lat_code code = by_classes(m, c, err);

    for (size_t i = 0; i < ask->n_merges && !code; i++)
        code = by_merged(&m->consistency_merged[i], c, &ask->merges[i], err);
    return code;
}
