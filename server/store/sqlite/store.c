/*
 * store.c - cached vectors in a file: two connections, one for each direction.
 *
 * The writer's connection belongs to its thread, the reader's is lent under a
 * lock.  Whoever meets a failure turns the store off; the connections stay
 * open until close, so nobody loses one under his hands.
 */
#include "vectors.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

struct latd_store {
    struct latd_store_options opt; /* path is our copy */
    struct latd_file_id file;
    atomic_bool on;
    atomic_uint_least64_t written, dropped;

    struct latd_queue queue;
    pthread_t writer;
    struct latd_vectors out; /* the writer's */

    pthread_mutex_t lock; /* in */
    struct latd_vectors in;
};

static void warn(const struct latd_store *s, const char *fmt, ...)
    LAT_PRINTF(2, 3);

static void warn(const struct latd_store *s, const char *fmt, ...)
{
    char msg[1024];
    int n = snprintf(msg, sizeof(msg), "cache file %s: ", s->opt.path);
    va_list ap;

    if (!s->opt.warn || n < 0 || (size_t)n >= sizeof(msg))
        return;
    va_start(ap, fmt);
    vsnprintf(msg + n, sizeof(msg) - (size_t)n, fmt, ap);
    va_end(ap);
    s->opt.warn(s->opt.arg, msg);
}

static void turn_off(struct latd_store *s, const char *why)
{
    if (atomic_exchange(&s->on, false))
        warn(s, "%s; vectors are kept in memory only from here on", why);
}

/* ---- the writer's thread ---- */

static bool file_is_ours(const struct latd_store *s)
{
    struct latd_file_id id;

    return latd_place_id(&id, s->opt.path) && id.inode == s->file.inode &&
           id.device == s->file.device;
}

/* One transaction for all that waited meanwhile. */
static void write_or_drop(struct latd_store *s, const struct latd_write *list)
{
    struct lat_err err = {0};
    enum lat_code code;
    size_t n = 0;

    if (!atomic_load(&s->on))
        return;
    if (!file_is_ours(s)) {
        turn_off(s, "it was deleted or replaced");
        return;
    }
    for (const struct latd_write *w = list; w; w = w->next)
        n++;
    code = latd_vectors_write(&s->out, list, s->opt.max_bytes, &err);
    /* Busy: another program has it for a moment; not worth the wait. */
    if (code && code != LAT_EBUSY)
        turn_off(s, err.msg);
    atomic_fetch_add(code ? &s->dropped : &s->written, n);
}

static void *write_loop(void *arg)
{
    struct latd_store *s = arg;
    struct latd_write *list, *next;

    while ((list = latd_queue_take(&s->queue)) != NULL) {
        write_or_drop(s, list);
        for (; list; list = next) {
            next = list->next;
            lat_free(list);
        }
    }
    return NULL;
}

/* ---- opening and closing ---- */

/* Before SQLite does, for a better message, and for its owner's eyes only. */
static enum lat_code touch(const char *path, struct lat_err *err)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

    if (fd < 0)
        return lat_fail(err, LAT_EIO, "%s", strerror(errno));
    close(fd);
    return LAT_OK;
}

static enum lat_code connect(struct latd_store *s, struct lat_err *err)
{
    enum lat_code code = touch(s->opt.path, err);

    if (!code)
        code = latd_vectors_open(&s->out, s->opt.path, err);
    if (!code)
        code = latd_vectors_open(&s->in, s->opt.path, err);
    if (!code && !latd_place_id(&s->file, s->opt.path))
        code = lat_fail(err, LAT_EIO, "%s", strerror(errno));
    if (code) {
        latd_vectors_close(&s->in);
        latd_vectors_close(&s->out);
    }
    return code;
}

/* A cache that cannot be read is worth less than one that can be begun. */
static enum lat_code connect_or_begin_anew(struct latd_store *s,
                                           struct lat_err *err)
{
    struct lat_err why = {0};
    enum lat_code code = connect(s, &why);

    if (code == LAT_EFORMAT || code == LAT_EUNFIT) {
        code = latd_place_set_aside(s->opt.path, err);
        if (code)
            return code;
        warn(s, "%s; moved aside to %s.aside, and a new one begun", why.msg,
             s->opt.path);
        return connect(s, err);
    }
    if (code)
        return lat_fail(err, code, "%s", why.msg);
    return LAT_OK;
}

static enum lat_code store_new(struct latd_store **out,
                               const struct latd_store_options *opt,
                               struct lat_err *err)
{
    struct latd_store *s = lat_calloc(1, sizeof(*s));

    if (!s)
        return lat_fail(err, LAT_ENOMEM, "store");
    s->opt = *opt;
    s->opt.path = lat_strdup(opt->path);
    if (!s->opt.path) {
        lat_free(s);
        return lat_fail(err, LAT_ENOMEM, "store");
    }
    latd_queue_init(&s->queue, opt->queue);
    pthread_mutex_init(&s->lock, NULL);
    *out = s;
    return LAT_OK;
}

static void store_free(struct latd_store *s)
{
    if (!s)
        return;
    latd_vectors_close(&s->in);
    latd_vectors_close(&s->out);
    pthread_mutex_destroy(&s->lock);
    latd_queue_fini(&s->queue);
    lat_free((char *)s->opt.path);
    lat_free(s);
}

enum lat_code latd_store_open(struct latd_store **out,
                              const struct latd_store_options *opt,
                              struct lat_err *err)
{
    struct latd_store *s = NULL;
    enum lat_code code = store_new(&s, opt, err);

    if (code)
        goto out;
    if (!opt->network_ok)
        code = latd_place_check(opt->path, err);
    if (!code)
        code = connect_or_begin_anew(s, err);
    if (code)
        goto out;
    atomic_store(&s->on, true);
    if (pthread_create(&s->writer, NULL, write_loop, s) != 0) {
        code = lat_fail(err, LAT_ENOMEM, "no thread for it");
        goto out;
    }
    *out = s;
    s = NULL;
out:
    store_free(s);
    return code ? lat_wrap(err, code, "cache file %s", opt->path) : LAT_OK;
}

void latd_store_close(struct latd_store *s)
{
    if (!s)
        return;
    latd_queue_close(&s->queue);
    pthread_join(s->writer, NULL);
    store_free(s);
}

/* ---- vectors ---- */

bool latd_store_vector_get(struct latd_store *s, const struct latd_vector *out)
{
    struct lat_err err = {0};
    enum lat_code code;
    bool found;

    if (!s || !atomic_load(&s->on))
        return false;
    pthread_mutex_lock(&s->lock);
    found = latd_vectors_get(&s->in, out, &code, &err);
    pthread_mutex_unlock(&s->lock);
    if (code)
        turn_off(s, err.msg);
    return found;
}

void latd_store_vector_put(struct latd_store *s, const struct latd_vector *v)
{
    if (!s || !atomic_load(&s->on))
        return;
    if (!latd_queue_put(&s->queue, v))
        atomic_fetch_add(&s->dropped, 1);
}

enum lat_code latd_store_vectors_purge(struct latd_store *s,
                                       const uint8_t *keys, size_t n, bool *was,
                                       struct lat_err *err)
{
    enum lat_code code;

    if (!s || !atomic_load(&s->on) || n == 0)
        return LAT_OK;
    latd_queue_wait(&s->queue);
    pthread_mutex_lock(&s->lock);
    code = latd_vectors_purge(&s->in, keys, n, was, err);
    pthread_mutex_unlock(&s->lock);
    if (code)
        turn_off(s, "vectors could not be purged");
    return code;
}

void latd_store_flush(struct latd_store *s)
{
    if (s)
        latd_queue_wait(&s->queue);
}

struct latd_store_counts latd_store_counts(struct latd_store *s)
{
    struct latd_store_counts counts = {0};

    if (s) {
        counts.written = atomic_load(&s->written);
        counts.dropped = atomic_load(&s->dropped);
        counts.on = atomic_load(&s->on);
    }
    return counts;
}
