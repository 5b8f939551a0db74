/* test_models.c - the table of models and how it follows its folder. */
#define _GNU_SOURCE /* O_CLOEXEC */
#include "../../server/canary.h"
#include "../../server/log.h"
#include "../../server/models.h"
#include "../check.h"
#include "../core/models.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>
#include <unistd.h>

static char dir[] = "/tmp/latentd-test-XXXXXX";
static struct latd_metrics metrics;
static const struct lat_kernel *kernel;

static const char *path_of(const char *file)
{
    static char path[200];

    snprintf(path, sizeof(path), "%s/%s.safetensors", dir, file);
    return path;
}

static void put_model(const char *file, uint64_t seed)
{
    struct model_spec spec = small_model;
    struct lat_buf bytes = {0};
    struct lat_err err = {0};

    spec.seed = seed;
    model_bytes(&bytes, &spec, NULL, NULL);
    must(lat_file_write(path_of(file), bytes.v, bytes.len, &err), &err);
    lat_buf_fini(&bytes);
}

static void put_nonsense(const char *file)
{
    struct lat_err err = {0};

    must(lat_file_write(path_of(file), "nonsense", 8, &err), &err);
}

static struct latd_models *open_models(bool (*go_on)(void *, const char *))
{
    struct latd_models_options opt = {.dir = dir,
                                      .kernel = kernel,
                                      .infer_threads = 2,
                                      .metrics = &metrics,
                                      .go_on = go_on};
    struct latd_models *t = NULL;
    struct lat_err err = {0};

    must(latd_models_new(&t, &opt, &err), &err);
    return t;
}

static void reload(struct latd_models *t)
{
    struct lat_err err = {0};

    must(latd_models_reload(t, &err), &err);
}

static struct latd_model *get(struct latd_models *t, const char *name)
{
    struct latd_model *m = NULL;
    struct lat_err err = {0};

    must(latd_models_ref(t, name, &m, &err), &err);
    return m;
}

static void clear(void)
{
    static const char *const files[] = {"a", "a@2", "a@10", "a@1",
                                        "b", "a@x", "a@0"};

    for (size_t i = 0; i < sizeof(files) / sizeof(files[0]); i++)
        remove(path_of(files[i]));
}

TEST(models, are_named_by_file_and_the_bare_name_is_the_highest)
{
    struct latd_models *t = open_models(NULL);
    struct latd_model **list, *m = NULL;
    struct lat_err err = {0};
    size_t n;

    UNUSED_STATE;
    put_model("a", 1);
    put_model("a@2", 2);
    put_model("a@10", 3);
    put_model("b", 4);
    put_model("a@x", 5);
    put_model("a@0", 5);
    reload(t);
    CHECK(latd_models_list(t, &list, &n, &err) == LAT_OK && n == 4);
    assert_string_equal(list[0]->id, "a@1");
    assert_string_equal(list[1]->id, "a@2");
    assert_string_equal(list[2]->id, "a@10");
    assert_string_equal(list[3]->id, "b@1");
    latd_models_list_free(list, n);
    m = get(t, "a");
    assert_string_equal(m->id, "a@10");
    latd_model_unref(m);
    m = get(t, "a@1");
    CHECK(m->version == 1 && m->card->dims == 8 && m->ws[1]);
    latd_model_unref(m);
    CHECK(latd_models_ref(t, "c", &m, &err) == LAT_ENOENT);
    CHECK(strstr(err.msg, "c; there is a@1, a@2, a@10, b@1"));
    assert_string_equal(err.word, "model_not_found");
    latd_models_free(t);
    clear();
}

TEST(models, stay_while_someone_holds_them)
{
    struct latd_models *t = open_models(NULL);
    struct latd_model *old, *new;
    float x[40] = {1.0f, 2.0f}, y[8], z[8];

    UNUSED_STATE;
    put_model("a", 1);
    reload(t);
    old = get(t, "a");
    CHECK(lat_embed(old->plan, old->ws[0], x, y, NULL) == LAT_OK);
    put_model("a", 2);
    reload(t);
    new = get(t, "a");
    CHECK(new != old);
    CHECK(strcmp(new->card->digest, old->card->digest) != 0);
    remove(path_of("a"));
    reload(t);
    CHECK(latd_models_count(t) == 0);
    CHECK(lat_embed(old->plan, old->ws[1], x, z, NULL) == LAT_OK);
    assert_memory_equal(y, z, sizeof(y));
    CHECK(lat_embed(new->plan, new->ws[0], x, z, NULL) == LAT_OK);
    CHECK(memcmp(y, z, sizeof(y)) != 0);
    latd_model_unref(old);
    latd_models_free(t);
    latd_model_unref(new);
}

TEST(models, that_did_not_change_are_not_read_again)
{
    struct latd_models *t = open_models(NULL);
    struct latd_model *a, *b, *again;

    UNUSED_STATE;
    put_model("a", 1);
    put_model("b", 2);
    reload(t);
    a = get(t, "a");
    b = get(t, "b");
    put_model("b", 3);
    reload(t);
    again = get(t, "a");
    CHECK(again == a);
    latd_model_unref(again);
    again = get(t, "b");
    CHECK(again != b);
    latd_model_unref(again);
    latd_model_unref(a);
    latd_model_unref(b);
    latd_models_free(t);
    clear();
}

TEST(models, with_a_bad_file_keep_what_there_was)
{
    struct latd_models *t = open_models(NULL);
    struct latd_model *before, *after;

    UNUSED_STATE;
    put_model("a", 1);
    put_nonsense("b");
    reload(t);
    CHECK(latd_models_count(t) == 1);
    before = get(t, "a");
    put_nonsense("a");
    reload(t);
    after = get(t, "a");
    CHECK(after == before);
    latd_model_unref(before);
    latd_model_unref(after);
    latd_models_free(t);
    clear();
}

TEST(models, of_one_name_are_one)
{
    struct latd_models *t = open_models(NULL);

    UNUSED_STATE;
    put_model("a", 1);
    put_model("a@1", 2);
    reload(t);
    CHECK(latd_models_count(t) == 1);
    latd_models_free(t);
    clear();
}

static bool never(void *arg, const char *file)
{
    (void)arg;
    (void)file;
    return false;
}

TEST(models, that_cannot_be_loaded_leave_the_table_alone)
{
    struct latd_models *t = open_models(NULL), *stopped = open_models(never);
    struct lat_err err = {0};
    char moved[sizeof(dir) + 2];

    UNUSED_STATE;
    put_model("a", 1);
    reload(t);
    CHECK(latd_models_reload(stopped, &err) == LAT_ECANCEL);
    snprintf(moved, sizeof(moved), "%s.x", dir);
    CHECK(rename(dir, moved) == 0);
    CHECK(latd_models_reload(t, &err) == LAT_EIO && strstr(err.msg, dir));
    CHECK(latd_models_count(t) == 1);
    CHECK(rename(moved, dir) == 0);
    latd_models_free(t);
    latd_models_free(stopped);
    clear();
}

static _Atomic bool over;

static void *embed_on_and_on(void *arg)
{
    struct latd_models *t = arg;
    float x[40] = {1.0f}, y[8];

    while (!atomic_load(&over)) {
        struct latd_model *m = NULL;
        struct lat_workspace *ws = NULL;

        if (latd_models_ref(t, "a", &m, NULL) ||
            lat_workspace_new(&ws, m->plan, NULL) ||
            lat_embed(m->plan, ws, x, y, NULL))
            return "failed";
        lat_workspace_free(ws);
        latd_model_unref(m);
    }
    return NULL;
}

TEST(models, are_exchanged_under_those_who_use_them)
{
    struct latd_models *t = open_models(NULL);
    pthread_t threads[2];
    void *failed;

    UNUSED_STATE;
    put_model("a", 1);
    reload(t);
    for (int i = 0; i < 2; i++)
        CHECK(pthread_create(&threads[i], NULL, embed_on_and_on, t) == 0);
    for (uint64_t i = 0; i < 10; i++) {
        put_model("a", i);
        reload(t);
    }
    atomic_store(&over, true);
    for (int i = 0; i < 2; i++) {
        pthread_join(threads[i], &failed);
        CHECK(!failed);
    }
    latd_models_free(t);
    clear();
}

/* ---- the canary ---- */

static _Atomic int n_beats;

static void beat(void)
{
    atomic_fetch_add(&n_beats, 1);
}

TEST(canary, flies_when_nobody_asks)
{
    static struct latd_app app;
    struct latd_canary *c = NULL;
    uint64_t begun, end = latd_now_ns() + 60000000000u;
    struct timespec t = {0, 20000000};
    struct lat_err err = {0};

    UNUSED_STATE;
    put_model("a", 1);
    app.models = open_models(NULL);
    reload(app.models);
    must(latd_loop_start(&app.loop, &err), &err);
    must(latd_infer_start(&app.infer, 1, 4, &metrics, &err), &err);
    begun = latd_infer_last_ns(app.infer);
    must(latd_canary_start(&c, &app, beat, &err), &err);
    while (latd_infer_last_ns(app.infer) == begun && latd_now_ns() < end)
        nanosleep(&t, NULL);
    CHECK(latd_infer_last_ns(app.infer) > begun);
    CHECK(atomic_load(&n_beats) > 0 && !atomic_load(&app.failing));
    latd_canary_stop(c);
    latd_infer_stop(app.infer);
    latd_loop_stop(app.loop);
    latd_canary_free(c);
    latd_models_free(app.models);
    clear();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(models, are_named_by_file_and_the_bare_name_is_the_highest),
        T(models, stay_while_someone_holds_them),
        T(models, that_did_not_change_are_not_read_again),
        T(models, with_a_bad_file_keep_what_there_was),
        T(models, of_one_name_are_one),
        T(models, that_cannot_be_loaded_leave_the_table_alone),
        T(models, are_exchanged_under_those_who_use_them),
        T(canary, flies_when_nobody_asks),
    };
    int failed;

    latd_log_init(LATD_ERROR, open("/dev/null", O_WRONLY | O_CLOEXEC));
    lat_blas_single();
    if (!mkdtemp(dir) || lat_kernel_pick(&kernel, NULL, NULL))
        return 1;
    failed = cmocka_run_group_tests(tests, NULL, NULL);
    rmdir(dir);
    return failed;
}
