/* recordings_told.c - what was committed, for an index beside the rows. */
#include "recordings.h"

#include <string.h>

struct told {
    struct latd_after after;
    struct latd_recordings_listener to;
    struct latd_recording r;
};

/* A subject may have many. */
struct gone {
    struct latd_after after;
    struct latd_recordings_listener to;
    char id[];
};

void latd_recordings_listen(struct latd_database *db,
                            const struct latd_recordings_listener *listener)
{
    db->listener = listener ? *listener : (struct latd_recordings_listener){0};
}

static void on_put(struct latd_after *a)
{
    struct told *t = (struct told *)(void *)a;

    t->to.put(t->to.arg, &t->r);
}

static void on_put_free(struct latd_after *a)
{
    struct told *t = (struct told *)(void *)a;

    latd_recording_fini(&t->r);
    lat_free(t);
}

static void on_removed(struct latd_after *a)
{
    struct gone *g = (struct gone *)(void *)a;

    g->to.removed(g->to.arg, g->id);
}

static void on_removed_free(struct latd_after *a)
{
    lat_free(a);
}

enum lat_code latd_told_put(struct latd_rows *rows, const char *id,
                            struct lat_err *err)
{
    struct told *t;
    enum lat_code code;

    if (!rows->owner->listener.put)
        return LAT_OK;
    t = lat_calloc(1, sizeof(*t));
    if (!t)
        return lat_fail(err, LAT_ENOMEM, "what is told");
    t->after = (struct latd_after){on_put, on_put_free, NULL};
    t->to = rows->owner->listener;
    code = latd_recordings_get(&t->r, rows, id,
                               LATD_WITH_VECTORS | LATD_LEAVE_WAVEFORM, err);
    if (code)
        on_put_free(&t->after);
    else
        latd_rows_after(rows, &t->after);
    return code;
}

enum lat_code latd_told_removed(struct latd_rows *rows, const char *id,
                                struct lat_err *err)
{
    struct gone *g;

    if (!rows->owner->listener.removed)
        return LAT_OK;
    g = lat_calloc(1, sizeof(*g) + strlen(id) + 1);
    if (!g)
        return lat_fail(err, LAT_ENOMEM, "what is told");
    g->after = (struct latd_after){on_removed, on_removed_free, NULL};
    g->to = rows->owner->listener;
    memcpy(g->id, id, strlen(id) + 1);
    latd_rows_after(rows, &g->after);
    return LAT_OK;
}
