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

/* item->code is there: counts it, and lets go of it. */
static void finish(struct latd_infer *inf, struct latd_item *item, uint64_t ns)
{
    struct latd_series *series = item->model->series;

    latd_hist_ns(&series->inference, ns);
    if (item->code == LAT_ENONFINITE)
        atomic_fetch_add(&series->nonfinite, 1);
    if (item->code == LAT_OK)
        atomic_store(&inf->last_ns, latd_now_ns());
    latd_infer_finish(item);
}

static void embed(struct latd_infer *inf, struct latd_item *item,
                  struct lat_workspace *ws)
{
    uint64_t begun = latd_now_ns();

    item->code = lat_embed(item->model->plan, ws, item->x, item->y, &item->err);
    finish(inf, item, latd_now_ns() - begun);
}

/* ---- images: encoders one by one, heads together ----------------------- */

static enum lat_code read_slot(struct latd_item *item, struct lat_workspace *ws,
                               size_t slot)
{
    const struct lat_card *card = item->model->card;
    struct lat_image_code code = {.latent = item->y};

    if (item->parts)
        code = latd_item_code(card, item->y);
    return lat_slot_read(item->model->plan, ws, slot,
                         item->parts ? item->mode : card->gate.mode, &code,
                         &item->err);
}

/* What else waits for the model is taken only when it can begin at once, so
 * that it may be another thread's until then. */
static void embed_images(struct latd_infer *inf, struct latd_item *item,
                         struct lat_workspace *ws)
{
    const struct latd_model *model = item->model;
    const size_t slots = lat_plan_slots(model->plan);
    struct latd_item *items[LAT_SLOTS];
    uint64_t spent[LAT_SLOTS], then = latd_now_ns(), now;
    size_t n = 0;

    while (item) {
        lat_slot_encode(model->plan, ws, n, item->x);
        now = latd_now_ns();
        spent[n] = now - then;
        then = now;
        items[n++] = item;
        item = n < slots ? latd_infer_take_more(inf, model) : NULL;
    }
    lat_slots_project(model->plan, ws, n);
    now = latd_now_ns();
    for (size_t i = 0; i < n; i++) { /* the model is the last one's, too */
        items[i]->code = read_slot(items[i], ws, i);
        finish(inf, items[i], spent[i] + (now - then) / n);
    }
}

static void *infer_thread(void *arg)
{
    struct latd_infer *inf = arg;
    unsigned number = atomic_fetch_add(&inf->n_begun, 1);
    struct latd_item *item;

    while ((item = latd_infer_take(inf)) != NULL)
        if (item->run) {
            item->code = item->run(item, &item->err);
            latd_infer_finish(item);
        } else if (item->model->card->modality == LAT_IMAGES) {
            embed_images(inf, item, item->model->ws[number]);
        } else {
            embed(inf, item, item->model->ws[number]);
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
