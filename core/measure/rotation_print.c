/* rotation_print.c - an evaluation under rotation as JSON. */
#include "../measure.h"

static void put_list(struct lat_buf *out, const char *name, const double *v)
{
    lat_buf_printf(out, ",\"%s\":[", name);
    for (size_t i = 0; i < LAT_ANGLES; i++)
        lat_buf_printf(out, "%s%.5g", i ? "," : "", v[i]);
    lat_buf_puts(out, "]");
}

static void put_head(struct lat_buf *out, const struct lat_turn_eval *e)
{
    lat_buf_printf(out,
                   ",\"accuracy\":%.5g,\"f1\":%.5g,\"accuracy_turned\":%.5g,"
                   "\"f1_turned\":%.5g,\"consistency\":%.5g",
                   e->accuracy, e->f1, e->accuracy_turned, e->f1_turned,
                   e->consistency);
    put_list(out, "accuracy_by_angle", e->accuracy_by_angle);
    put_list(out, "consistency_by_angle", e->consistency_by_angle);
}

static void put_row(struct lat_buf *out, const struct lat_turn_eval *e,
                    size_t r)
{
    const struct lat_turn_row_eval *v = &e->rows[r];

    lat_buf_printf(out, "\"%s\":{\"similarity\":%.5g,\"between_users\":%.5g",
                   lat_turn_row_name((enum lat_turn_row)r), v->similarity,
                   v->between);
    if (e->n_classes > 0)
        lat_buf_printf(out,
                       ",\"class_linear\":%.5g,\"class_linear_turned\":%.5g",
                       v->class_linear, v->class_linear_turned);
    lat_buf_printf(out, ",\"user_linear\":%.5g", v->user_linear);
    if (r < LAT_TURN_RAW) {
        lat_buf_printf(out, ",\"angle_r2_linear\":%.5g,\"angle_r2_mlp\":%.5g",
                       v->angle_linear, v->angle_mlp);
        put_list(out, "similarity_by_angle", v->curve);
    }
    lat_buf_puts(out, "}");
}

void lat_turn_eval_print(struct lat_buf *out, const struct lat_turn_eval *e)
{
    const char *comma = "";

    lat_buf_printf(out, "{\"users\":%zu,\"windows\":%zu,\"rotations\":%d",
                   e->n_users, e->n_windows, LAT_TURNS);
    put_list(out, "degrees", e->degrees);
    if (e->has_head)
        put_head(out, e);
    lat_buf_puts(out, ",\"rows\":{");
    for (size_t r = 0; r < LAT_N_TURN_ROWS; r++) {
        if (!e->rows[r].present)
            continue;
        lat_buf_puts(out, comma);
        put_row(out, e, r);
        comma = ",";
    }
    lat_buf_puts(out, "}}");
}
