/* card_null.c - how alike different subjects are, as the card tells it. */
#include "card.h"

/* Rising, or at least never falling. */
static enum lat_code read_list(double *out, size_t n, const json_t *list,
                               const char *what, struct lat_err *err)
{
    if (!json_is_array(list) || json_array_size(list) != n)
        return lat_fail(err, LAT_EFORMAT, "%s is not an array of %zu numbers",
                        what, n);
    for (size_t i = 0; i < n; i++) {
        const json_t *v = json_array_get(list, i);

        out[i] = json_number_value(v);
        if (!json_is_number(v) || out[i] < -1.0 || out[i] > 1.0 ||
            (i > 0 && out[i] < out[i - 1]))
            return lat_fail(err, LAT_EFORMAT,
                            "%s[%zu] is no number from %g to 1", what, i,
                            i ? out[i - 1] : -1.0);
    }
    return LAT_OK;
}

static enum lat_code read_probabilities(struct lat_null *null, const json_t *v,
                                        struct lat_err *err)
{
    size_t n = json_array_size(v);
    enum lat_code code;

    if (n < 2 || n > LAT_NULL_MAX)
        return lat_fail(err, LAT_EFORMAT, "%zu probabilities, expected 2 to %d",
                        n, LAT_NULL_MAX);
    code = read_list(null->probability, n, v, "probabilities", err);
    if (!code && (null->probability[0] > 0.0 || null->probability[0] < 0.0 ||
                  null->probability[n - 1] < 1.0))
        code = lat_fail(err, LAT_EFORMAT,
                        "probabilities run from %g to %g, expected 0 to 1",
                        null->probability[0], null->probability[n - 1]);
    for (size_t i = 1; !code && i < n; i++)
        if (!(null->probability[i] > null->probability[i - 1]))
            code = lat_fail(err, LAT_EFORMAT,
                            "probabilities[%zu] does not rise", i);
    null->n = code ? 0 : n;
    return code;
}

enum lat_code lat__card_null(struct lat_card *card, const json_t *v,
                             struct lat_err *err)
{
    const json_t *quantiles = json_object_get(v, "quantiles");
    struct lat_null null = {0};
    enum lat_code code;

    if (!v || json_is_null(v))
        return LAT_OK;
    code = lat__json_keys(
        v, "split subjects windows pairs probabilities quantiles", err);
    if (!code)
        code =
            read_probabilities(&null, json_object_get(v, "probabilities"), err);
    if (!code)
        code = lat__json_keys(
            quantiles, card->partitioned ? "invariant variant free" : "all",
            err);
    if (code && null.n)
        code = lat_wrap(err, code, "quantiles");
    for (int b = 0; b < (card->partitioned ? LAT_N_BLOCKS : 1) && !code; b++) {
        const char *name =
            card->partitioned ? lat_block_name((enum lat_block)b) : "all";

        code = read_list(null.cosine[b], null.n,
                         json_object_get(quantiles, name), name, err);
    }
    if (!code)
        card->null = null;
    return code;
}

/* Between two quantiles the share is taken to rise evenly. */
double lat_null_percentile(const struct lat_null *null, size_t partition,
                           double score)
{
    const double *q = null->cosine[partition], *p = null->probability;
    size_t i = 0;

    if (null->n == 0)
        return -1.0;
    if (score <= q[0])
        return 0.0;
    if (score > q[null->n - 1])
        return 100.0;
    while (q[i + 1] < score)
        i++;
    return 100.0 *
           (p[i] + (p[i + 1] - p[i]) * (score - q[i]) / (q[i + 1] - q[i]));
}
