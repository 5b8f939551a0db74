/* recordings_told.c - what was committed, for an index beside the rows. */
#include "recordings.h"

#include <string.h>

struct told {
    struct latd_after after;
    struct latd_recordings_listener to;
    struct latd_vectors_of of; /* v NULL: it was removed */
    char id[LATD_RECORDING_ID];
    char digest[LAT_DIGEST_HEX];
    float v[]; /* (windows, dims) */
};

void latd_recordings_listen(struct latd_database *db,
                            const struct latd_recordings_listener *listener)
{
    db->listener = listener ? *listener : (struct latd_recordings_listener){0};
}

static void on_committed(struct latd_after *a)
{
    struct told *t = (struct told *)(void *)a;

    if (t->of.v)
        t->to.put(t->to.arg, &t->of);
    else
        t->to.removed(t->to.arg, t->id);
}

static void on_free(struct latd_after *a)
{
    lat_free(a);
}

static enum lat_code tell(struct latd_rows *rows, const char *id,
                          const struct latd_embedding *e, struct lat_err *err)
{
    size_t n = e ? e->windows * e->dims : 0;
    struct told *t = lat_calloc(1, sizeof(*t) + n * sizeof(t->v[0]));

    if (!t)
        return lat_fail(err, LAT_ENOMEM, "%zu numbers", n);
    t->after = (struct latd_after){on_committed, on_free, NULL};
    t->to = rows->owner->listener;
    memcpy(t->id, id, strlen(id) + 1);
    t->of.id = t->id;
    if (e) {
        memcpy(t->digest, e->digest, sizeof(t->digest));
        memcpy(t->v, e->v, n * sizeof(t->v[0]));
        t->of = (struct latd_vectors_of){t->id, t->digest, e->windows, e->dims,
                                         t->v};
    }
    latd_rows_after(rows, &t->after);
    return LAT_OK;
}

enum lat_code latd_told_put(struct latd_rows *rows, const char *id,
                            const struct latd_embedding *e, struct lat_err *err)
{
    return rows->owner->listener.put ? tell(rows, id, e, err) : LAT_OK;
}

enum lat_code latd_told_removed(struct latd_rows *rows, const char *id,
                                struct lat_err *err)
{
    return rows->owner->listener.put ? tell(rows, id, NULL, err) : LAT_OK;
}
