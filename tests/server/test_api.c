/*
 * test_api.c - the handlers without a socket: a request is filled in by hand,
 * its functions are called in turn, on a real model, queue and cache.
 */
#define _GNU_SOURCE
#include "../../core/base/mem.h"
#include "../../server/api.h"
#include "../../server/cache.h"
#include "../../server/wire.h"
#include "../check.h"
#include "../core/models.h"

#include <semaphore.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static char dir[] = "/tmp/latentd-test-XXXXXX";
static struct latd_app app;
static struct latd_metrics metrics;

enum { WINDOW = 40, DIMS = 8 };

/* ---- one request ---- */

struct ask {
    struct latd_req req;
    const char *type, *query, *control, *tag;
    sem_t done;
};

static const char *get(const struct latd_req *req, enum latd_place place,
                       const char *name)
{
    const struct ask *a = (const struct ask *)req;
    size_t len = strlen(name);

    if (place == LATD_HEADER && strcasecmp(name, "Content-Type") == 0)
        return a->type;
    if (place == LATD_HEADER && strcasecmp(name, "Cache-Control") == 0)
        return a->control;
    if (place == LATD_HEADER && strcasecmp(name, "If-None-Match") == 0)
        return a->tag;
    /* one parameter, as name=value */
    if (place == LATD_QUERY && a->query && strncmp(a->query, name, len) == 0 &&
        a->query[len] == '=')
        return a->query + len + 1;
    return NULL;
}

static void on_done(struct latd_batch *b)
{
    struct ask *a = (struct ask *)((char *)b - offsetof(struct ask, req.batch));

    sem_post(&a->done);
}

static void init(struct ask *a, const char *body)
{
    *a = (struct ask){.type = "application/json"};
    a->req.app = &app;
    a->req.get = get;
    a->req.body = body;
    a->req.body_len = strlen(body);
    sem_init(&a->done, 0, 0);
    latd_batch_init(&a->req.batch, on_done);
}

static void fini(struct ask *a)
{
    lat_buf_fini(&a->req.reply.body);
    sem_destroy(&a->done);
}

/* As http does it: wait for what was begun, reply, end. */
static enum lat_code run(struct ask *a, const struct latd_handler *h)
{
    enum lat_code code = h->begin ? h->begin(&a->req) : LAT_OK;

    if (atomic_load(&a->req.batch.holds) > 1 || (!code && a->req.compute)) {
        if (!code)
            code = h->submit(&a->req);
        if (code)
            latd_infer_cancel(app.infer, &a->req.batch, LAT_ECANCEL);
        latd_batch_release(&a->req.batch);
        while (sem_wait(&a->done))
            ;
    }
    if (!code)
        code = h->reply(&a->req);
    if (h->end)
        h->end(&a->req);
    return code;
}

static bool says(const struct ask *a, const char *text)
{
    return a->req.reply.body.len && strstr(a->req.reply.body.v, text);
}

/* A body of n inputs of one window each, all different from seed on. */
static void put_body(struct lat_buf *b, size_t n, size_t samples, unsigned seed,
                     const char *more)
{
    lat_buf_puts(b, "{\"model\":\"small\",\"input\":[");
    for (size_t i = 0; i < n; i++) {
        lat_buf_printf(b,
                       "%s{\"type\":\"signal\",\"sampling_rate_hz\":360,"
                       "\"channels\":[\"MLII\"],\"unit\":\"mV\",\"data\":[",
                       i ? "," : "");
        for (size_t k = 0; k < samples; k++)
            lat_buf_printf(b, "%s%.3f", k ? "," : "",
                           sin((double)(k + 1) * (double)(i + seed) / 7.0));
        lat_buf_puts(b, "]}");
    }
    lat_buf_printf(b, "]%s}", more);
    CHECK(!b->failed);
}

/* ---- what they share ---- */

static void put_model(void)
{
    struct lat_buf bytes = {0};
    struct lat_err err = {0};
    char path[200];

    model_bytes(&bytes, &small_model, NULL, NULL);
    snprintf(path, sizeof(path), "%s/small.safetensors", dir);
    must(lat_file_write(path, bytes.v, bytes.len, &err), &err);
    lat_buf_fini(&bytes);
}

static int setup(void **state)
{
    struct latd_models_options opt = {
        .dir = dir, .infer_threads = 1, .metrics = &metrics};
    struct lat_err err = {0};

    UNUSED_STATE;
    latd_wire_init();
    if (!mkdtemp(dir))
        return -1;
    put_model();
    latd_config_init(&app.config);
    app.config.max_inputs = 16;
    app.metrics = &metrics;
    must(lat_kernel_pick(&opt.kernel, NULL, &err), &err);
    must(latd_models_new(&app.models, &opt, &err), &err);
    must(latd_models_reload(app.models, &err), &err);
    must(latd_infer_start(&app.infer, 1, 64, &metrics, &err), &err);
    must(latd_cache_new(&app.cache, 1 << 20, NULL, &err), &err);
    return latd_models_count(app.models) == 1 ? 0 : -1;
}

static int teardown(void **state)
{
    char path[200];

    UNUSED_STATE;
    latd_infer_stop(app.infer);
    latd_cache_free(app.cache);
    latd_models_free(app.models);
    snprintf(path, sizeof(path), "%s/small.safetensors", dir);
    return remove(path) || remove(dir);
}

/* ---- embeddings ---- */

TEST(embeddings, are_computed_once_and_then_remembered)
{
    struct lat_buf body = {0};
    struct ask a;

    UNUSED_STATE;
    put_body(&body, 2, WINDOW, 1, "");
    init(&a, body.v);
    CHECK(run(&a, &latd_embeddings) == LAT_OK);
    CHECK(says(&a, "\"cache\":\"miss\"") && !says(&a, "\"cache\":\"hit\""));
    assert_string_equal(a.req.reply.headers[0].name, "Cache-Status");
    assert_string_equal(a.req.reply.headers[0].value,
                        "latentd; fwd=miss; stored; detail=\"hit=0 miss=2 "
                        "coalesced=0 bypass=0\"");
    fini(&a);
    init(&a, body.v);
    CHECK(run(&a, &latd_embeddings) == LAT_OK);
    CHECK(!a.req.compute);
    CHECK(says(&a, "\"cache\":\"hit\"") && !says(&a, "\"cache\":\"miss\""));
    fini(&a);
    init(&a, body.v);
    a.control = "max-age=0, No-Store";
    CHECK(run(&a, &latd_embeddings) == LAT_OK);
    CHECK(says(&a, "\"cache\":\"bypass\""));
    fini(&a);
    lat_buf_fini(&body);
}

TEST(embeddings, follow_a_twin_in_the_same_request)
{
    struct lat_buf one = {0}, body = {0};
    struct ask a;
    const char *input;

    UNUSED_STATE;
    put_body(&one, 1, WINDOW, 77, "");
    input = strchr(one.v, '[') + 1;
    lat_buf_printf(&body, "{\"model\":\"small\",\"input\":[%.*s,%.*s]}",
                   (int)(strlen(input) - 2), input, (int)(strlen(input) - 2),
                   input);
    init(&a, body.v);
    CHECK(run(&a, &latd_embeddings) == LAT_OK);
    CHECK(says(&a, "\"cache\":\"miss\"") &&
          says(&a, "\"cache\":\"coalesced\""));
    fini(&a);
    lat_buf_fini(&one);
    lat_buf_fini(&body);
}

TEST(embeddings, name_the_limit_that_was_hit)
{
    struct lat_buf body = {0};
    struct ask a;

    UNUSED_STATE;
    put_body(&body, 17, 1, 1, "");
    init(&a, body.v);
    CHECK(run(&a, &latd_embeddings) == LAT_ETOOBIG);
    CHECK(strstr(a.req.err.msg, "17 inputs, at most 16") &&
          strstr(a.req.err.msg, "max-inputs"));
    fini(&a);
    lat_buf_fini(&body);
    put_body(&body, 1, 300, 1,
             ",\"windowing\":{\"mode\":\"tile\",\"hop_samples\":1}");
    init(&a, body.v);
    CHECK(run(&a, &latd_embeddings) == LAT_ETOOBIG);
    CHECK(strstr(a.req.err.msg, "at most 16"));
    fini(&a);
    lat_buf_fini(&body);
}

/* A queue that is full refuses all of a request, and leaves nothing behind
 * that others would wait for. */
TEST(embeddings, that_were_refused_are_not_waited_for)
{
    struct latd_infer *real = app.infer;
    struct lat_buf body = {0};
    struct lat_err err = {0};
    struct ask a;

    UNUSED_STATE;
    must(latd_infer_start(&app.infer, 1, 1, &metrics, &err), &err);
    put_body(&body, 3, WINDOW, 900, "");
    init(&a, body.v);
    CHECK(run(&a, &latd_embeddings) == LAT_EFULL);
    assert_string_equal(a.req.err.word, "overloaded");
    fini(&a);
    latd_infer_stop(app.infer);
    app.infer = real;
    init(&a, body.v);
    CHECK(run(&a, &latd_embeddings) == LAT_OK);
    CHECK(says(&a, "\"cache\":\"miss\""));
    fini(&a);
    lat_buf_fini(&body);
}

/* Whichever allocation fails on the http thread: an error, nothing lost, and
 * the next request is served. */
TEST(embeddings, survive_any_failed_allocation)
{
    static const char more[] =
        ",\"include\":[\"partitions\",\"preprocessing\"],"
        "\"windowing\":{\"mode\":\"tile\",\"hop_samples\":20,"
        "\"pool\":\"mean\"}";
    struct lat_buf body = {0};
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    put_body(&body, 3, 2 * WINDOW, 300, more);
    do {
        struct ask a;

        init(&a, body.v);
        /* windows that were embedded in the last round come from the cache, so
         * all of this happens on this thread */
        a.control = n % 2 ? "no-store" : NULL;
        lat__mem_fail_after = n++;
        code = run(&a, &latd_embeddings);
        lat__mem_fail_after = -1;
        if (code && code != LAT_ENOMEM)
            print_error("%ld: %s\n", n, a.req.err.msg);
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
        CHECK(code || !a.req.reply.body.failed);
        fini(&a);
    } while (code);
    CHECK(n > 20);
    lat_buf_fini(&body);
}

/* ---- the others ---- */

TEST(embeddings_get, finds_by_digest_and_only_for_the_model)
{
    struct lat_buf body = {0};
    struct ask a;
    char digest[80] = "";

    UNUSED_STATE;
    put_body(&body, 1, WINDOW, 50, "");
    init(&a, body.v);
    CHECK(run(&a, &latd_embeddings) == LAT_OK);
    sscanf(strstr(a.req.reply.body.v, "sha256:"), "%71[^\"]", digest);
    fini(&a);
    init(&a, "");
    strcpy(a.req.param, digest);
    CHECK(run(&a, &latd_embeddings_get) == LAT_EINVAL);
    assert_string_equal(a.req.err.param, "model");
    fini(&a);
    init(&a, "");
    a.query = "model=small@1";
    strcpy(a.req.param, digest);
    CHECK(run(&a, &latd_embeddings_get) == LAT_OK);
    CHECK(says(&a, digest) && says(&a, "\"cache\":\"hit\""));
    fini(&a);
    init(&a, "");
    a.query = "model=small";
    strcpy(a.req.param, digest);
    a.tag = "*";
    CHECK(run(&a, &latd_embeddings_get) == LAT_OK);
    CHECK(a.req.reply.status == 304 && a.req.reply.body.len == 0);
    fini(&a);
    init(&a, "");
    a.query = "model=small";
    memset(a.req.param, 'a', 64);
    CHECK(run(&a, &latd_embeddings_get) == LAT_ENOENT);
    fini(&a);
    lat_buf_fini(&body);
}

TEST(validate, tells_of_each_input)
{
    struct lat_buf body = {0};
    struct ask a;

    UNUSED_STATE;
    put_body(&body, 2, WINDOW + 1, 1, "");
    init(&a, body.v);
    CHECK(run(&a, &latd_validate) == LAT_OK);
    CHECK(says(&a, "\"ok\":false") && !says(&a, "\"ok\":true") &&
          says(&a, "too_long") && says(&a, "input[1]"));
    fini(&a);
    lat_buf_fini(&body);
}

TEST(validate, survives_any_failed_allocation)
{
    struct lat_buf body = {0};
    enum lat_code code;
    long n = 0;

    UNUSED_STATE;
    put_body(&body, 2, WINDOW, 1, "");
    do {
        struct ask a;

        init(&a, body.v);
        lat__mem_fail_after = n++;
        code = run(&a, &latd_validate);
        lat__mem_fail_after = -1;
        CHECK(code == LAT_OK || code == LAT_ENOMEM);
        fini(&a);
    } while (code);
    CHECK(n > 10);
    lat_buf_fini(&body);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(embeddings, are_computed_once_and_then_remembered),
        T(embeddings, follow_a_twin_in_the_same_request),
        T(embeddings, name_the_limit_that_was_hit),
        T(embeddings, that_were_refused_are_not_waited_for),
        T(embeddings, survive_any_failed_allocation),
        T(embeddings_get, finds_by_digest_and_only_for_the_model),
        T(validate, tells_of_each_input),
        T(validate, survives_any_failed_allocation),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
