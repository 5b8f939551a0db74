/* threads.c - the threads that take windows and embed them. */
#include "items.h"

#include "../loop.h"

size_t latd_item_floats(const struct lat_card *card, bool parts)
{
    if (!parts)
        return card->dims;
    return card->dims * (card->gate.mode ? 3 : 1) + card->features;
}

struct lat_image_code latd_item_code(const struct lat_card *card, float *y)
{
    struct lat_image_code code = {.latent = y, .features = y + card->dims};

    if (card->gate.mode) {
        code.logit = code.features + card->features;
        code.probability = code.logit + card->dims;
    }
    return code;
}

static enum lat_code pass(struct latd_item *item, struct lat_workspace *ws)
{
    struct latd_model *model = item->model;
    struct lat_image_code code;

    if (!item->parts)
        return lat_embed(model->plan, ws, item->x, item->y, &item->err);
    code = latd_item_code(model->card, item->y);
    return lat_embed_image(model->plan, ws, item->x, item->mode, &code,
                           &item->err);
}

static void embed(struct latd_infer *inf, struct latd_item *item,
                  unsigned number)
{
    struct latd_model *model = item->model;
    uint64_t begun = latd_now_ns(), now;

    item->code = pass(item, model->ws[number]);
    now = latd_now_ns();
    latd_hist_ns(&model->series->inference, now - begun);
    if (item->code == LAT_ENONFINITE)
        atomic_fetch_add(&model->series->nonfinite, 1);
    if (item->code == LAT_OK)
        atomic_store(&inf->last_ns, now);
}

static void *infer_thread(void *arg)
{
    struct latd_infer *inf = arg;
    unsigned number = atomic_fetch_add(&inf->n_begun, 1);
    struct latd_item *item;

    while ((item = latd_infer_take(inf)) != NULL) {
        if (item->run)
            item->code = item->run(item, &item->err);
        else
            embed(inf, item, number);
        latd_infer_finish(item);
    }
    return NULL;
}

enum lat_code latd_infer_start(struct latd_infer **out, unsigned n_threads,
                               size_t max_queue, struct latd_metrics *metrics,
                               struct lat_err *err)
{
    struct latd_infer *inf = lat_calloc(1, sizeof(*inf));

    if (!inf)
        return lat_fail(err, LAT_ENOMEM, "inference queue");
    inf->threads = lat_calloc(n_threads, sizeof(*inf->threads));
    if (!inf->threads) {
        lat_free(inf);
        return lat_fail(err, LAT_ENOMEM, "%u inference threads", n_threads);
    }
    inf->metrics = metrics;
    inf->max_queue = max_queue;
    atomic_init(&inf->last_ns, latd_now_ns());
    pthread_mutex_init(&inf->lock, NULL);
    pthread_cond_init(&inf->more, NULL);
    for (; inf->n_threads < n_threads; inf->n_threads++)
        if (pthread_create(&inf->threads[inf->n_threads], NULL, infer_thread,
                           inf)) {
            unsigned n = inf->n_threads;

            latd_infer_stop(inf);
            return lat_fail(err, LAT_EIO, "only %u of %u inference threads", n,
                            n_threads);
        }
    *out = inf;
    return LAT_OK;
}

void latd_infer_stop(struct latd_infer *inf)
{
    if (!inf)
        return;
    pthread_mutex_lock(&inf->lock);
    inf->stopping = true;
    pthread_cond_broadcast(&inf->more);
    pthread_mutex_unlock(&inf->lock);
    for (unsigned i = 0; i < inf->n_threads; i++)
        pthread_join(inf->threads[i], NULL);
    pthread_cond_destroy(&inf->more);
    pthread_mutex_destroy(&inf->lock);
    lat_free(inf->threads);
    lat_free(inf);
}
