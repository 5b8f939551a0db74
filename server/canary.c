/* canary.c - see canary.h. */
#include "canary.h"

#include "log.h"

#include <math.h>
#include <semaphore.h>

struct latd_canary {
    struct latd_app *app;
    void (*beat)(void);
    size_t turn;   /* whose turn it is */
    bool stopping; /* fly no more; the next landing is the last */
    sem_t stopped;
    struct latd_task stop;

    /* The pass under way. */
    bool flying;
    struct latd_task landed;
    struct latd_batch batch;
    struct latd_item item;
    struct latd_model *model;
    float *x, *y;
};

/* Loop thread: the memory of the pass is ours again. */
static void clear(struct latd_canary *c)
{
    lat_free(c->x);
    lat_free(c->y);
    latd_model_unref(c->model);
    c->x = c->y = NULL;
    c->model = NULL;
    c->flying = false;
}

static void run_landed(struct latd_task *task)
{
    struct latd_canary *c =
        (struct latd_canary *)((char *)task -
                               offsetof(struct latd_canary, landed));

    if (c->item.code)
        latd_log(LATD_ERROR, "canary: model %s: %s", c->model->id,
                 c->item.err.msg);
    clear(c);
    if (c->stopping)
        sem_post(&c->stopped);
}

static void on_done(struct latd_batch *batch)
{
    struct latd_canary *c =
        (struct latd_canary *)((char *)batch -
                               offsetof(struct latd_canary, batch));

    latd_loop_post(c->app->loop, &c->landed);
}

/* The models by turns. */
static struct latd_model *next_model(struct latd_canary *c)
{
    struct latd_model **list = NULL, *m = NULL;
    size_t n = 0;

    if (latd_models_list(c->app->models, &list, &n, NULL) || n == 0)
        goto out;
    m = list[c->turn++ % n];
    if (latd_models_ref(c->app->models, m->id, &m, NULL))
        m = NULL;
out:
    latd_models_list_free(list, n);
    return m;
}

static bool make_window(struct latd_canary *c)
{
    size_t n = lat_input_floats(c->model->card);

    c->x = lat_calloc(n, sizeof(*c->x));
    c->y = lat_calloc(c->model->card->dims, sizeof(*c->y));
    if (!c->x || !c->y)
        return false;
    for (size_t i = 0; i < n; i++)
        c->x[i] = sinf(0.1f * (float)i);
    return true;
}

static void fly(struct latd_canary *c)
{
    struct lat_err err = {0};
    enum lat_code code;

    c->model = next_model(c);
    if (!c->model)
        return;
    c->flying = true;
    if (!make_window(c)) {
        clear(c);
        return;
    }
    latd_batch_init(&c->batch, on_done);
    c->item = (struct latd_item){.model = c->model, .x = c->x, .y = c->y};
    c->batch.items = &c->item;
    c->batch.n = 1;
    code = latd_infer_submit(c->app->infer, &c->batch, &err);
    if (code) {
        c->item.code = code;
        c->item.err = err;
    }
    latd_batch_release(&c->batch);
}

static void look(void *arg)
{
    struct latd_canary *c = arg;
    double age =
        (double)(latd_now_ns() - latd_infer_last_ns(c->app->infer)) / 1e9;
    bool failing =
        age > LATD_CANARY_FAILING && latd_models_count(c->app->models) > 0;

    if (c->stopping)
        return;
    if (failing != atomic_exchange(&c->app->failing, failing))
        latd_log(failing ? LATD_ERROR : LATD_INFO,
                 failing ? "no pass has succeeded for %.0f s"
                         : "a pass has succeeded again, %.0f s ago",
                 age);
    if (!failing && c->beat)
        c->beat();
    if (age > LATD_CANARY_AGE && !c->flying)
        fly(c);
}

void latd_canary_free(struct latd_canary *c)
{
    if (!c)
        return;
    sem_destroy(&c->stopped);
    lat_free(c);
}

static void run_stop(struct latd_task *task)
{
    struct latd_canary *c =
        (struct latd_canary *)((char *)task -
                               offsetof(struct latd_canary, stop));

    c->stopping = true;
    if (!c->flying)
        sem_post(&c->stopped);
}

enum lat_code latd_canary_start(struct latd_canary **out, struct latd_app *app,
                                void (*beat)(void), struct lat_err *err)
{
    struct latd_canary *c = lat_calloc(1, sizeof(*c));
    enum lat_code code;

    if (!c)
        return lat_fail(err, LAT_ENOMEM, "canary");
    c->app = app;
    c->beat = beat;
    c->landed.run = run_landed;
    sem_init(&c->stopped, 0, 0);
    code = latd_loop_every(app->loop, LATD_CANARY_MS, look, c, err);
    if (code) {
        latd_canary_free(c);
        return code;
    }
    *out = c;
    return LAT_OK;
}

void latd_canary_stop(struct latd_canary *c)
{
    if (!c)
        return;
    c->stop.run = run_stop;
    latd_loop_post(c->app->loop, &c->stop);
    while (sem_wait(&c->stopped))
        ; /* a signal */
}
