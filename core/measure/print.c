/* print.c - an evaluation as JSON, for cards and for people's programs. */
#include "../measure.h"

static void put_curve(struct lat_buf *out, const char *name, const double *v,
                      size_t n)
{
    lat_buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < n; i++)
        lat_buf_printf(out, "%s%.5g", i ? "," : "", v[i]);
    lat_buf_puts(out, "]");
}

static void put_row(struct lat_buf *out, const struct lat_eval *e, size_t r)
{
    const struct lat_row_eval *v = &e->rows[r];

    lat_buf_printf(out,
                   "\"%s\":{\"similarity_75ms\":%.5g,"
                   "\"similarity_mean_150ms\":%.5g,"
                   "\"between_patients\":%.5g,\"recall_1\":%.5g,"
                   "\"recall_5\":%.5g,\"patient_map\":%.5g",
                   lat_row_name((enum lat_row)r), v->at_75, v->mean_150,
                   v->between, v->recall_1, v->recall_5, v->patient_map);
    put_curve(out, "similarity", v->curve, e->n_shifts);
    put_curve(out, "similarity_centered", v->curve_centered, e->n_shifts);
    put_curve(out, "recall_1_by_shift", v->curve_recall, e->n_shifts);
    lat_buf_puts(out, "}");
}

void lat_eval_print(struct lat_buf *out, const struct lat_eval *e)
{
    const char *comma = "";

    lat_buf_printf(out, "{\"patients\":%zu,\"windows\":%zu", e->n_patients,
                   e->n_windows);
    put_curve(out, "shift_ms", e->shift_ms, e->n_shifts);
    if (e->has_reconstruction)
        lat_buf_printf(out, ",\"reconstruction\":%.5g", e->reconstruction);
    lat_buf_printf(out, ",\"power\":%.5g,\"rows\":{", e->power);
    for (size_t r = 0; r < LAT_N_ROWS; r++) {
        if (!e->rows[r].present)
            continue;
        lat_buf_puts(out, comma);
        put_row(out, e, r);
        comma = ",";
    }
    lat_buf_puts(out, "}}");
}
