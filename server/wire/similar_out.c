/* similar_out.c - scores, and why they are what they are. */
#include "similar.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

struct writer {
    struct lat_buf *out;
    const struct latd_similar_reply *r;
    const char *const *words; /* what the two are called */
    const struct latd_similar_item *item;
};

/* As float32; a dot product may be beyond it. */
static void write_number(struct lat_buf *out, double v)
{
    char text[LAT_NUMBER_MAX];

    if (fabs(v) > (double)FLT_MAX) {
        latd_write_number(out, v);
        return;
    }

    lat_buf_put(out, text, (size_t)(lat_number_print(text, (float)v) - text));
}

/* ---- why ---- */

static const char *partition_of(const struct lat_card *card, size_t dim)
{
    for (int b = 0; card->partitioned && b < LAT_N_BLOCKS; b++)
        if (dim >= card->blocks[b].begin && dim < card->blocks[b].end)
            return lat_block_name((enum lat_block)b);
    return NULL;
}

static void write_by_partition(const struct writer *w)
{
    const struct lat_card *card = w->r->card;

    if (!card->partitioned) {
        lat_buf_puts(w->out, "null");
        return;
    }
    for (int b = 0; b < LAT_N_BLOCKS; b++) {
        lat_buf_printf(w->out, "%s\"%s\":", b ? "," : "{",
                       lat_block_name((enum lat_block)b));
        write_number(w->out, w->item->pair->by_range[b]);
    }
    lat_buf_puts(w->out, "}");
}

static void write_dim(const struct writer *w, size_t dim)
{
    const char *partition = partition_of(w->r->card, dim);

    lat_buf_printf(w->out, "{\"dim\":%zu,\"partition\":", dim);
    if (partition)
        latd_write_string(w->out, partition);
    else
        lat_buf_puts(w->out, "null");
    lat_buf_puts(w->out, ",\"contribution\":");
    write_number(w->out, w->item->share[dim]);
    lat_buf_puts(w->out, "}");
}

/* The dimensions whose share is largest in magnitude; of equals the first. */
static void write_explain(const struct writer *w)
{
    size_t dims = w->r->card->dims, n = w->r->req->top_dims;
    double bound = INFINITY;
    size_t last = 0;

    lat_buf_puts(w->out, "[");
    for (size_t k = 0; k < n && k < dims; k++) {
        double best = -1.0;
        size_t at = dims;

        for (size_t d = 0; d < dims; d++) {
            double size = fabs(w->item->share[d]);

            if (size > best &&
                (size < bound || (size == bound && k > 0 && d > last))) {
                best = size;
                at = d;
            }
        }
        if (at == dims)
            break;
        lat_buf_puts(w->out, k ? "," : "");
        write_dim(w, at);
        bound = best;
        last = at;
    }
    lat_buf_puts(w->out, "]");
}

/* Dimensions that are not shut in either of two codes with gates. */
static void write_shared(const struct writer *w)
{
    const float *a = w->item->a, *b = w->item->b;
    const char *comma = "";

    lat_buf_puts(w->out, "[");
    for (size_t d = 0; d < w->r->card->dims; d++) {
        if (!(fabsf(a[d]) > 0.0f) || !(fabsf(b[d]) > 0.0f))
            continue;
        lat_buf_printf(w->out, "%s%zu", comma, d);
        comma = ",";
    }
    lat_buf_puts(w->out, "]");
}

static void write_score(const struct writer *w)
{
    const struct latd_similar_item *item = w->item;

    lat_buf_puts(w->out, "\"score\":");
    write_number(w->out, item->score);
    if (item->percentile >= 0.0) {
        lat_buf_puts(w->out, ",\"percentile\":");
        write_number(w->out, item->percentile);
    }
    if (w->r->req->best_window)
        lat_buf_printf(w->out, ",\"windows\":{\"%s\":%zu,\"%s\":%zu}",
                       w->words[0], item->window, w->words[1], item->of);
    if (item->pair) {
        lat_buf_puts(w->out, ",\"by_partition\":");
        write_by_partition(w);
    }
    if (item->share) {
        lat_buf_puts(w->out, ",\"explain\":");
        write_explain(w);
    }
    if (item->share && w->r->card->gate.mode != LAT_GATES_NONE) {
        lat_buf_puts(w->out, ",\"shared_open\":");
        write_shared(w);
    }
    if (item->pair && item->pair->zero)
        lat_buf_puts(w->out,
                     ",\"warnings\":[{\"code\":\"zero_vector\",\"message\":"
                     "\"A vector is zero in a partition that counts: its "
                     "cosine there is taken as 0.\"}]");
}

/* ---- bodies ---- */

void latd_wire_similarity_encode(struct lat_buf *out,
                                 const struct latd_similar_reply *reply,
                                 const struct latd_similar_item *items,
                                 size_t n)
{
    static const char *const words[] = {"source", "target"};
    struct writer w = {out, reply, words, NULL};

    lat_buf_puts(out, "{\"object\":\"similarity\",\"model\":");
    latd_write_string(out, reply->model);
    lat_buf_printf(out, ",\"metric\":\"%s\"",
                   reply->req->metric == LAT_DOT ? "dot" : "cosine");
    if (reply->req->best_window)
        lat_buf_puts(out, ",\"match\":\"best_window\"");
    lat_buf_puts(out, ",\"results\":[");
    for (size_t i = 0; i < n; i++) {
        w.item = &items[i];
        lat_buf_printf(out, "%s{\"index\":%zu,", i ? "," : "", i);
        if (items[i].recording) {
            lat_buf_puts(out, "\"recording\":");
            latd_write_string(out, items[i].recording);
            lat_buf_puts(out, ",");
        }
        write_score(&w);
        lat_buf_puts(out, "}");
    }
    lat_buf_puts(out, "]}");
}

static void write_hit(struct writer *w)
{
    lat_buf_puts(w->out, "{\"id\":");
    latd_write_string(w->out, w->item->recording);
    lat_buf_puts(w->out, ",");
    write_score(w);
    if (w->item->payload) {
        lat_buf_puts(w->out, ",\"payload\":");
        lat_buf_puts(w->out, w->item->payload);
    }
    if (w->item->vector) {
        lat_buf_puts(w->out, ",\"vector\":");
        latd_write_floats(w->out, w->item->vector, w->r->card->dims);
    }
    lat_buf_puts(w->out, "}");
}

static void write_list(struct writer *w, const struct latd_similar_list *list)
{
    lat_buf_puts(w->out, "\"data\":[");
    for (size_t i = 0; i < list->n; i++) {
        w->item = &list->items[i];
        lat_buf_puts(w->out, i ? "," : "");
        write_hit(w);
    }
    lat_buf_printf(w->out, "],\"searched\":%zu,\"exact\":true,\"has_more\":%s",
                   list->searched, list->has_more ? "true" : "false");
    if (w->r->req->best_window)
        lat_buf_printf(w->out,
                       ",\"match\":\"best_window\",\"without_windows\":%zu",
                       list->left_out);
}

void latd_wire_query_encode(struct lat_buf *out,
                            const struct latd_similar_reply *reply,
                            const struct latd_similar_list *lists, size_t n)
{
    static const char *const words[] = {"query", "recording"};
    struct writer w = {out, reply, words, NULL};

    lat_buf_puts(out, "{\"object\":\"list\",\"model\":");
    latd_write_string(out, reply->model);
    lat_buf_puts(out, ",");
    if (!reply->req->many) {
        write_list(&w, &lists[0]);
    } else {
        lat_buf_puts(out, "\"results\":[");
        for (size_t i = 0; i < n; i++) {
            lat_buf_printf(out, "%s{\"index\":%zu,", i ? "," : "", i);
            write_list(&w, &lists[i]);
            lat_buf_puts(out, "}");
        }
        lat_buf_puts(out, "]");
    }
    lat_buf_puts(out, "}");
}
