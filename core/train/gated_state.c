/*
 * gated_state.c - everything that decides the bytes to come, in one file:
 *
 *     magic, digest of recipe, images and kernel, struct state, the order of
 *     images, and of each part its parameters, best ones and moments, SHA-256
 * of all before
 *
 * in this machine's byte order; a checkpoint does not travel.
 */
#include "gated.h"

#include <string.h>

static const char magic[16] = "latentd gated 2";

struct state {
    uint64_t step, at, rng[4], valid_step, best_step;
    double valid, best;
};

enum { HEAD = sizeof(magic) + LAT_DIGEST + sizeof(struct state) };

/* ---- what is given */

static void print_views(struct lat_buf *out, const struct lat__picture_batch *b)
{
    const struct lat__picture_views *v = &b->views;

    lat_buf_printf(out,
                   "views %zu %.17g %.17g %.17g %.17g %.17g %.17g %.17g %.17g "
                   "%.17g %.17g %.17g %.17g %.17g %.17g\n",
                   v->size, v->area[0], v->area[1], v->aspect[0], v->aspect[1],
                   v->jitter, v->brightness, v->contrast, v->saturation, v->hue,
                   v->grey, v->blur, v->flip, v->sigma[0], v->sigma[1]);
    for (size_t c = 0; c < 3; c++)
        lat_buf_printf(out, "channel %.17g %.17g\n", b->mean[c],
                       b->deviation[c]);
}

static void print_given(struct lat_buf *out, const struct lat__gated_trainer *t)
{
    const struct lat__gated_recipe *r = &t->recipe;

    lat__resnet_print(out, &r->resnet);
    lat_buf_printf(out, "\nheads %zu %zu %zu %d\n", r->hidden, r->dims,
                   r->gate_layers, r->not_isolated);
    lat_buf_printf(out, "loss %d %zu %d %.17g %.17g %.17g %.17g\n",
                   (int)r->loss.nonneg, r->loss.top_k, (int)r->loss.gate.kind,
                   r->loss.gate.temperature, r->loss.prior, r->loss.lambda,
                   r->loss.tau);
    lat_buf_printf(out, "steps %.17g %.17g %.17g %.17g %.17g %.17g %zu %zu\n",
                   r->optimiser.weight_decay, r->optimiser.eta,
                   r->optimiser.momentum, r->rate, r->gate_rate, r->class_rate,
                   r->steps, r->warm_up);
    lat_buf_printf(out, "rule %d %.17g %.17g cool %.17g\n", (int)r->rule,
                   r->optimiser.beta2, r->optimiser.epsilon, r->cool);
    if (r->loss.by_activity)
        lat_buf_puts(out, "priors by activity\n");
    lat_buf_printf(out, "batch %zu seed %llu kernel %s\n", r->data.n,
                   (unsigned long long)r->seed,
                   lat_kernel_way(t->ctx.kernel, r->precision));
    print_views(out, &r->data);
    if (r->freeze > 0 || (r->early > 0.0 && r->early < 1.0))
        lat_buf_printf(out, "freeze %zu %.17g\n", r->freeze, r->early);
    if (*t->parent)
        lat_buf_printf(out, "parent %s\n", t->parent);
    if (*t->images)
        lat_buf_printf(out, "images %s\n", t->images);
}

/* Images by their labels and sizes: their bytes are not read for this. */
static enum lat_code digest_given(uint8_t digest[LAT_DIGEST],
                                  const struct lat__gated_trainer *t,
                                  struct lat_err *err)
{
    const struct lat_gallery *g = t->recipe.data.gallery;
    struct lat_buf text = {0};
    struct lat_sha256 h;

    print_given(&text, t);
    lat_sha256_init(&h);
    if (!text.failed)
        lat_sha256_add(&h, text.v, text.len);
    for (size_t i = 0; i < g->n; i++) {
        uint64_t shot[3] = {g->shots[i].label, g->shots[i].number,
                            g->shots[i].len};

        lat_sha256_add(&h, shot, sizeof(shot));
    }
    lat_sha256_end(&h, digest);
    lat_buf_fini(&text);
    return text.failed ? lat_fail(err, LAT_ENOMEM, "recipe") : LAT_OK;
}

/* ---- what moves */

enum { LISTS = 4 }; /* of each part */

/* Copies between the trainer and p, the file behind its head; out: to p.
 * Without p it only counts.  Returns the bytes. */
static size_t walk(const struct lat__gated_trainer *t, char *p, bool out)
{
    size_t images = lat_gallery_count(t->recipe.data.gallery), at = 0;
    void *list[1 + LISTS * LAT_N_GATED_PARTS] = {t->now->order};
    size_t len[1 + LISTS * LAT_N_GATED_PARTS] = {images *
                                                 sizeof(*t->now->order)};

    for (size_t i = 0; i < LAT_N_GATED_PARTS; i++) {
        const struct lat__gated_net *part = &t->part[i];

        if (!part->net)
            continue;
        for (size_t k = 0; k < LISTS; k++) {
            void *const lists[LISTS] = {part->params, part->best, part->buf,
                                        part->square};

            list[1 + LISTS * i + k] = lists[k];
            len[1 + LISTS * i + k] =
                (k < 2 ? part->net->n_params : part->net->n_trained) *
                sizeof(float);
        }
    }
    for (size_t i = 0; i < 1 + LISTS * LAT_N_GATED_PARTS; i++) {
        if (p && len[i] > 0)
            memcpy(out ? p + at : list[i], out ? list[i] : p + at, len[i]);
        at += len[i];
    }
    return at;
}

static void finish(uint8_t digest[LAT_DIGEST], const char *file, size_t len)
{
    struct lat_sha256 h;

    lat_sha256_init(&h);
    lat_sha256_add(&h, file, len);
    lat_sha256_end(&h, digest);
}

enum lat_code lat__gated_save(const struct lat__gated_trainer *t,
                              const char *path, struct lat_err *err)
{
    size_t lists = walk(t, NULL, true), len = HEAD + lists + LAT_DIGEST;
    struct state s = {.step = t->step,
                      .at = t->now->at,
                      .valid_step = t->valid_step,
                      .best_step = t->best_step,
                      .valid = t->valid,
                      .best = t->best};
    uint8_t digest[LAT_DIGEST];
    enum lat_code code = digest_given(digest, t, err);
    char *file;

    if (code)
        return lat_wrap(err, code, "checkpoint");
    file = lat_calloc(len, 1);
    if (!file)
        return lat_fail(err, LAT_ENOMEM, "checkpoint of %zu bytes", len);
    memcpy(s.rng, t->now->rng.s, sizeof(s.rng));
    memcpy(file, magic, sizeof(magic));
    memcpy(file + sizeof(magic), digest, sizeof(digest));
    memcpy(file + HEAD - sizeof(s), &s, sizeof(s));
    walk(t, file + HEAD, true);
    finish(digest, file, HEAD + lists);
    memcpy(file + HEAD + lists, digest, sizeof(digest));
    code = lat_file_write(path, file, len, err);
    lat_free(file);
    return code ? lat_wrap(err, code, "checkpoint") : LAT_OK;
}

static enum lat_code check(const struct lat__gated_trainer *t, const char *file,
                           size_t len, struct lat_err *err)
{
    size_t want = HEAD + walk(t, NULL, true) + LAT_DIGEST;
    uint8_t digest[LAT_DIGEST];
    enum lat_code code;

    if (len < HEAD || memcmp(file, magic, sizeof(magic)) != 0)
        return lat_fail(err, LAT_EFORMAT, "not a checkpoint");
    code = digest_given(digest, t, err);
    if (code)
        return code;
    if (memcmp(file + sizeof(magic), digest, sizeof(digest)) != 0)
        return lat_fail(err, LAT_EINVAL,
                        "of another recipe, other images or another kernel");
    if (len != want)
        return lat_fail(err, LAT_EFORMAT, "%zu bytes, expected %zu", len, want);
    finish(digest, file, len - LAT_DIGEST);
    if (memcmp(file + len - LAT_DIGEST, digest, sizeof(digest)) != 0)
        return lat_fail(err, LAT_EFORMAT, "damaged: its digest differs");
    return LAT_OK;
}

enum lat_code lat__gated_load(struct lat__gated_trainer *t, const char *path,
                              struct lat_err *err)
{
    struct state s;
    char *file = NULL;
    size_t len = 0;
    enum lat_code code = lat_file_read(&file, &len, path, SIZE_MAX / 2, err);

    if (code)
        return lat_wrap(err, code, "checkpoint");
    code = check(t, file, len, err);
    if (!code) {
        lat__gated_drop_ahead(t);
        memcpy(&s, file + HEAD - sizeof(s), sizeof(s));
        t->step = (size_t)s.step;
        t->now->at = (size_t)s.at;
        t->valid_step = (size_t)s.valid_step;
        t->best_step = (size_t)s.best_step;
        t->valid = s.valid;
        t->best = s.best;
        memcpy(t->now->rng.s, s.rng, sizeof(s.rng));
        walk(t, file + HEAD, false);
    }
    lat_free(file);
    return code ? lat_wrap(err, code, "checkpoint %s", path) : LAT_OK;
}
