/*
 * checkpoint.c - everything that decides the bytes to come, in one file:
 *
 *     magic, digest of recipe and data, struct state, params (n_params),
 *     m, v (n_trained), best (n_params), SHA-256 of all before
 *
 * in this machine's byte order; a checkpoint does not travel.
 */
#include "../train.h"
#include "gated.h"

#include <string.h>

static const char magic[16] = "latentd state 1";

struct state {
    uint64_t n_params, n_trained, step, best_step, valid_step;
    uint64_t rng[4];
    double best_loss, valid_loss;
};

enum { HEAD = sizeof(magic) + LAT_DIGEST + sizeof(struct state) };

/* Of everything that is given: recipe, data, shape of the arithmetic. */
static enum lat_code digest_given(uint8_t digest[LAT_DIGEST],
                                  const struct lat_trainer *t,
                                  struct lat_err *err)
{
    const char *kernel = lat_kernel_way(t->ctx.kernel, t->ctx.precision);
    struct lat_buf text = {0};
    struct lat_sha256 h;

    lat_recipe_print(&text, t->recipe);
    if (text.failed) {
        lat_buf_fini(&text);
        return lat_fail(err, LAT_ENOMEM, "recipe");
    }
    lat_sha256_init(&h);
    lat_sha256_add(&h, text.v, text.len);
    lat_sha256_add(&h, t->data->digest, sizeof(t->data->digest));
    lat_sha256_add(&h, kernel, strlen(kernel));
    lat_sha256_add(&h, t->parent, strlen(t->parent));
    lat_sha256_end(&h, digest);
    lat_buf_fini(&text);
    return LAT_OK;
}

/* The four lists of floats, in the order of the file. */
struct lists {
    float *v[4];
    size_t n[4];
};

static struct lists lists_of(const struct lat_trainer *t)
{
    size_t n = t->net->n_params, trained = t->net->n_trained;

    return (struct lists){{t->params, t->m, t->v, t->best},
                          {n, trained, trained, n}};
}

static size_t size_of(const struct lists *l)
{
    size_t len = HEAD + LAT_DIGEST;

    for (size_t i = 0; i < 4; i++)
        len += l->n[i] * sizeof(float);
    return len;
}

static enum lat_code save(const struct lat_trainer *t, const char *path,
                          struct lat_err *err)
{
    struct lists l = lists_of(t);
    struct state s = {
        .n_params = t->net->n_params,
        .n_trained = t->net->n_trained,
        .step = t->step,
        .best_step = t->best_step,
        .valid_step = t->valid_step,
        .best_loss = t->best_loss,
        .valid_loss = t->valid_loss,
    };
    uint8_t digest[LAT_DIGEST];
    struct lat_buf b = {0};
    struct lat_sha256 h;
    enum lat_code code = digest_given(digest, t, err);

    if (code)
        goto out;
    memcpy(s.rng, t->rng.s, sizeof(s.rng));
    lat_buf_reserve(&b, size_of(&l));
    lat_buf_put(&b, magic, sizeof(magic));
    lat_buf_put(&b, digest, sizeof(digest));
    lat_buf_put(&b, &s, sizeof(s));
    for (size_t i = 0; i < 4; i++)
        lat_buf_put(&b, l.v[i], l.n[i] * sizeof(float));
    if (b.failed) {
        code = lat_fail(err, LAT_ENOMEM, "%zu bytes", size_of(&l));
        goto out;
    }
    lat_sha256_init(&h);
    lat_sha256_add(&h, b.v, b.len);
    lat_sha256_end(&h, digest);
    lat_buf_put(&b, digest, sizeof(digest));
    code = b.failed ? lat_fail(err, LAT_ENOMEM, "%zu bytes", size_of(&l))
                    : lat_file_write(path, b.v, b.len, err);
out:
    lat_buf_fini(&b);
    return code ? lat_wrap(err, code, "checkpoint") : LAT_OK;
}

enum lat_code lat_train_save(const struct lat_trainer *t, const char *path,
                             struct lat_err *err)
{
    return t->gated ? lat__gated_save(t->gated, path, err) : save(t, path, err);
}

static enum lat_code check(const struct lat_trainer *t, const char *file,
                           size_t len, struct lat_err *err)
{
    struct lists l = lists_of(t);
    uint8_t digest[LAT_DIGEST];
    struct lat_sha256 h;
    enum lat_code code;

    if (len < HEAD || memcmp(file, magic, sizeof(magic)) != 0)
        return lat_fail(err, LAT_EFORMAT, "not a checkpoint");
    code = digest_given(digest, t, err);
    if (code)
        return code;
    if (memcmp(file + sizeof(magic), digest, sizeof(digest)) != 0)
        return lat_fail(err, LAT_EINVAL,
                        "of another recipe, other data or another kernel");
    if (len != size_of(&l))
        return lat_fail(err, LAT_EFORMAT, "%zu bytes, expected %zu", len,
                        size_of(&l));
    lat_sha256_init(&h);
    lat_sha256_add(&h, file, len - LAT_DIGEST);
    lat_sha256_end(&h, digest);
    if (memcmp(file + len - LAT_DIGEST, digest, sizeof(digest)) != 0)
        return lat_fail(err, LAT_EFORMAT, "damaged: its digest differs");
    return LAT_OK;
}

static void take(struct lat_trainer *t, const char *file)
{
    struct lists l = lists_of(t);
    struct state s;

    lat__train_drop_ahead(t);
    memcpy(&s, file + HEAD - sizeof(s), sizeof(s));
    t->step = (size_t)s.step;
    t->best_step = (size_t)s.best_step;
    t->valid_step = (size_t)s.valid_step;
    t->best_loss = s.best_loss;
    t->valid_loss = s.valid_loss;
    memcpy(t->rng.s, s.rng, sizeof(s.rng));
    t->sums = (struct lat__sums){0};
    file += HEAD;
    for (size_t i = 0; i < 4; i++) {
        memcpy(l.v[i], file, l.n[i] * sizeof(float));
        file += l.n[i] * sizeof(float);
    }
}

enum lat_code lat_train_load(struct lat_trainer *t, const char *path,
                             struct lat_err *err)
{
    char *file = NULL;
    size_t len;
    enum lat_code code;

    if (t->gated) {
        code = lat__gated_load(t->gated, path, err);
        if (!code)
            lat__pictures_note(t);
        return code;
    }
    code = lat_file_read(&file, &len, path, SIZE_MAX / 2, err);
    if (code)
        return lat_wrap(err, code, "checkpoint");
    code = check(t, file, len, err);
    if (!code)
        take(t, file);
    lat_free(file);
    return code ? lat_wrap(err, code, "checkpoint %s", path) : LAT_OK;
}
