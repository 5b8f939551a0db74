/* load.c - the database is read, and listened to. */
#include "table.h"

#include "../log.h"
#include "../models.h"

static void tell_of_windows(struct latd_index *idx)
{
    if (latd_index_gave_up_windows(idx))
        latd_log(LATD_WARNING,
                 "index: the windows of all recordings do not fit into memory "
                 "(window-bytes); match best_window is refused from now on");
}

static void on_put(void *arg, const struct latd_recording *r)
{
    struct lat_err err = {0};

    if (latd_index_put(arg, r, &err))
        latd_log(LATD_ERROR, "index: %s; searches are refused from now on",
                 err.msg);
    tell_of_windows(arg);
}

static void on_removed(void *arg, const char *id)
{
    latd_index_drop(arg, id);
}

static enum lat_code visit(void *arg, const struct latd_recording *r,
                           struct lat_err *err)
{
    return latd_index_put(arg, r, err);
}

/* ---- at the start ---- */

/* What a scan hands on to both of its call-backs. */
struct reading {
    struct latd_index *idx;
    const struct latd_index_load *load;
};

static enum lat_code read_one(void *arg, const struct latd_recording *r,
                              struct lat_err *err)
{
    const struct reading *reading = arg;

    return latd_index_put(reading->idx, r, err);
}

static bool read_on(void *arg, uint64_t visited, uint64_t all)
{
    const struct latd_index_load *load = ((const struct reading *)arg)->load;

    return !load->progress || load->progress(load->arg, visited, all);
}

static enum lat_code learn_all(struct latd_index *idx, struct latd_model **list,
                               size_t n, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    char digest[LAT_DIGEST_HEX];
    bool fresh;

    for (size_t i = 0; i < n && code == LAT_OK; i++) {
        latd_recordings_digest(digest, list[i]->card);
        code = latd_index_learn(idx, digest, list[i]->card, &fresh, err);
    }
    return code;
}

static void complete_all(struct latd_index *idx, struct latd_model **list,
                         size_t n)
{
    char digest[LAT_DIGEST_HEX];

    for (size_t i = 0; i < n; i++) {
        latd_recordings_digest(digest, list[i]->card);
        latd_index_complete(idx, digest);
    }
}

enum lat_code latd_index_load(struct latd_index *idx,
                              const struct latd_index_load *load,
                              struct lat_err *err)
{
    const struct latd_recordings_listener listener = {on_put, on_removed, idx};
    struct reading reading = {idx, load};
    const struct latd_recordings_scan scan = {
        .visit = read_one, .progress = read_on, .arg = &reading};
    struct latd_model **list = NULL;
    size_t n = 0;
    enum lat_code code = latd_models_list(load->models, &list, &n, err);

    if (code)
        return code;
    code = learn_all(idx, list, n, err);
    if (code == LAT_OK)
        code = latd_recordings_scan(load->db, &scan, err);
    tell_of_windows(idx);
    if (code == LAT_ENOSPACE || code == LAT_ENONFINITE) {
        /* Searches are refused, all else goes on: what is in the way can be
         * deleted. */
        latd_log(LATD_ERROR, "index: %s", err->msg);
        code = LAT_OK;
    }
    if (code == LAT_OK) {
        complete_all(idx, list, n);
        latd_recordings_listen(load->db, &listener);
    }
    latd_models_list_free(list, n);
    return code ? lat_wrap(err, code, "index") : LAT_OK;
}

/* ---- a model that came later ---- */

/* On the store thread nothing is committed meanwhile. */
struct late {
    struct latd_change change;
    struct latd_index *idx;
    struct latd_database *db;
    char digest[LAT_DIGEST_HEX];
};

static enum lat_code late_run(struct latd_change *c, struct latd_rows *rows,
                              struct lat_err *err)
{
    struct late *l = (struct late *)(void *)c;
    const struct latd_recordings_scan scan = {
        .digest = l->digest, .visit = visit, .arg = l->idx};

    (void)rows;
    return latd_recordings_scan(l->db, &scan, err);
}

static void set_loading(struct latd_index *idx, const char *digest, bool now)
{
    struct latd_table *t;

    latd_gate_read(&idx->gate);
    t = latd_index_table(idx, digest);
    if (t)
        atomic_store(&t->loading, now);
    latd_gate_leave(&idx->gate);
}

static void late_done(struct latd_change *c)
{
    struct late *l = (struct late *)(void *)c;

    tell_of_windows(l->idx);
    if (c->code)
        latd_log(LATD_ERROR, "index: %s", c->err.msg);
    else
        latd_index_complete(l->idx, l->digest);
    set_loading(l->idx, l->digest, false);
    lat_free(l);
}

static enum lat_code load_late(struct latd_index *idx, struct latd_database *db,
                               const char *digest, struct lat_err *err)
{
    struct late *l = lat_calloc(1, sizeof(*l));
    enum lat_code code;

    if (!l)
        return lat_fail(err, LAT_ENOMEM, "the vectors of a model");
    l->change.run = late_run;
    l->change.done = late_done;
    l->idx = idx;
    l->db = db;
    for (size_t i = 0; digest[i]; i++)
        l->digest[i] = digest[i];
    code = latd_database_write(db, &l->change, err);
    if (code)
        lat_free(l);
    return code;
}

/* True for one caller at a time. */
static bool claim(struct latd_index *idx, const char *digest)
{
    struct latd_table *t;
    bool mine;

    latd_gate_read(&idx->gate);
    t = latd_index_table(idx, digest);
    mine = t && !atomic_exchange(&t->loading, true);
    latd_gate_leave(&idx->gate);
    return mine;
}

static enum lat_code see(void *arg, const struct latd_recording *r,
                         struct lat_err *err)
{
    (void)r;
    (void)err;
    *(bool *)arg = true;
    return LAT_OK;
}

/* Most models that come have no vectors yet. */
static enum lat_code is_empty(bool *empty, struct latd_database *db,
                              const char *digest, struct lat_err *err)
{
    const struct latd_recordings_filter filter = {.digest = digest, .limit = 1};
    struct latd_rows *rows = latd_database_borrow(db);
    bool any = false;
    enum lat_code code = latd_recordings_list(rows, &filter, 0, see, &any, err);

    latd_database_return(db, rows);
    *empty = !any;
    return code;
}

enum lat_code latd_index_ready(struct latd_index *idx, struct latd_database *db,
                               const char *digest, const struct lat_card *card,
                               struct lat_err *err)
{
    bool fresh, empty = false;
    enum lat_code code;

    if (latd_index_has(idx, digest))
        return LAT_OK;
    code = latd_index_learn(idx, digest, card, &fresh, err);
    if (code)
        return code;
    if (claim(idx, digest)) {
        code = is_empty(&empty, db, digest, err);
        if (code == LAT_OK && empty)
            latd_index_complete(idx, digest);
        else if (code == LAT_OK)
            code = load_late(idx, db, digest, err);
        if (code || empty)
            set_loading(idx, digest, false);
        if (code || empty)
            return code;
    }
    return lat_fail_word(err, LAT_EAWAY, "model_loading",
                         "the recordings of this model are being read");
}
