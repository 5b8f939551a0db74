/* retention.c - see retention.h. */
#include "retention.h"

#include "cache.h"
#include "log.h"
#include "store/recordings.h"

#include <pthread.h>
#include <time.h>

enum { HOUR_MS = 3600000, DAY = 86400, AT_ONCE = 500 };

struct latd_retention {
    struct latd_app *app;
    int64_t days;
    uint64_t last_ns; /* of the last look; 0: none */
    struct latd_change change;
    struct latd_deleted gone;
    uint64_t recordings, cached; /* of this look */
    pthread_mutex_t lock;        /* busy, stopping */
    bool busy, stopping;
};

int64_t latd_retention_clock(int64_t seen, int64_t wall, int64_t passed)
{
    int64_t most = seen + passed + DAY;

    if (seen == 0)
        return wall;
    if (wall < seen)
        return seen;
    return wall < most ? wall : most;
}

/* ---- a look, on the store thread ---------------------------------------- */

static int64_t passed(const struct latd_retention *r)
{
    return r->last_ns ? (int64_t)((latd_now_ns() - r->last_ns) / 1000000000u)
                      : 0;
}

static enum lat_code move_clock(int64_t *now, struct latd_retention *r,
                                struct latd_rows *rows, struct lat_err *err)
{
    int64_t seen = 0, wall = time(NULL);
    enum lat_code code = latd_clock_read(&seen, rows, err);

    if (code)
        return code;
    *now = latd_retention_clock(seen, wall, passed(r));
    if (*now < wall)
        latd_log(LATD_WARNING,
                 "retention: the clock is %lld days ahead of what passed; "
                 "recordings grow older by a day at a time",
                 (long long)(wall - *now) / DAY);
    return latd_clock_write(rows, *now, err);
}

static enum lat_code run(struct latd_change *c, struct latd_rows *rows,
                         struct lat_err *err)
{
    struct latd_retention *r =
        (struct latd_retention *)((char *)c -
                                  offsetof(struct latd_retention, change));
    const uint8_t *keys;
    uint64_t cached = 0;
    int64_t now = 0;
    enum lat_code code = move_clock(&now, r, rows, err);

    if (!code)
        code = latd_recordings_expire(&r->gone, rows, now - r->days * DAY,
                                      AT_ONCE, err);
    keys = (const uint8_t *)r->gone.keys.v;
    if (!code && r->gone.keys.len)
        code = latd_cache_purge(&cached, r->app->cache, keys,
                                r->gone.keys.len / LAT_DIGEST, err);
    r->cached += cached;
    return code;
}

/* Posts the next part of a look, unless we stop.  The lock keeps the database
 * open meanwhile. */
static void post(struct latd_retention *r, bool first)
{
    struct lat_err err = {0};

    pthread_mutex_lock(&r->lock);
    if (!r->stopping && !(first && r->busy)) {
        r->busy = true;
        if (latd_database_write(r->app->database, &r->change, &err))
            r->busy = false; /* there is much to write: in an hour, then */
    }
    pthread_mutex_unlock(&r->lock);
}

static void done(struct latd_change *c)
{
    struct latd_retention *r =
        (struct latd_retention *)((char *)c -
                                  offsetof(struct latd_retention, change));
    bool more = !c->code && r->gone.recordings == AT_ONCE;

    r->last_ns = latd_now_ns();
    r->recordings += c->code ? 0 : r->gone.recordings;
    if (c->code)
        latd_log(LATD_ERROR, "retention: %s", c->err.msg);
    if (!more && r->recordings)
        latd_log(LATD_INFO,
                 "retention: %llu recordings of over %lld days are gone, and "
                 "%llu cached vectors of theirs",
                 (unsigned long long)r->recordings, (long long)r->days,
                 (unsigned long long)r->cached);
    if (!more)
        r->recordings = r->cached = 0;
    latd_deleted_fini(&r->gone);
    if (more) {
        post(r, false);
        return;
    }
    pthread_mutex_lock(&r->lock);
    r->busy = false;
    pthread_mutex_unlock(&r->lock);
}

/* ---- by the hour --------------------------------------------------------- */

static void on_hour(void *arg)
{
    post(arg, true);
}

enum lat_code latd_retention_start(struct latd_retention **out,
                                   struct latd_app *app, uint64_t days,
                                   struct lat_err *err)
{
    struct latd_retention *r;

    if (days == 0 || !app->database)
        return LAT_OK;
    r = lat_calloc(1, sizeof(*r));
    if (!r)
        return lat_fail(err, LAT_ENOMEM, "retention");
    r->app = app;
    r->days = (int64_t)days;
    r->change.run = run;
    r->change.done = done;
    pthread_mutex_init(&r->lock, NULL);
    *out = r;
    post(r, true);
    return latd_loop_every(app->loop, HOUR_MS, on_hour, r, err);
}

void latd_retention_stop(struct latd_retention *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->stopping = true;
    pthread_mutex_unlock(&r->lock);
}

void latd_retention_free(struct latd_retention *r)
{
    if (!r)
        return;
    pthread_mutex_destroy(&r->lock);
    lat_free(r);
}
