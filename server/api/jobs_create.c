/* jobs_create.c - a fine-tuning job is asked for, and made if it can be run. */
#include "../api.h"

#include "../idempotency.h"
#include "../store/files.h"
#include "../wire/jobs.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TWIN_SECONDS = 10, BASE_MAX = 30, SHORT_ID = 10 };

struct create {
    struct latd_claim claim;
    struct latd_job_ask ask;
    struct latd_job job;
    char model[LATD_MODEL_MAX];
    char output[LATD_MODEL_MAX];
    bool made; /* not one that was there */
};

/* "ft:BASE:SUFFIX:ID"; of a model that is fine-tuned itself, its base. */
static void name_output(struct create *c)
{
    static const char good[] = "abcdefghijklmnopqrstuvwxyz"
                               "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    const char *from = c->model, *id = c->job.id;
    char base[BASE_MAX + 1];
    size_t n;

    if (strncmp(from, "ft:", 3) == 0)
        from += 3;
    n = strcspn(from, "@:");
    n = n < BASE_MAX ? n : BASE_MAX;
    memcpy(base, from, n);
    base[n] = '\0';
    for (char *p = base; *p; p++)
        if (!strchr(good, *p))
            *p = '-';
    snprintf(c->output, sizeof(c->output), "ft:%s:%s%s%s", base, c->ask.suffix,
             c->ask.suffix[0] ? ":" : "", id + strlen(id) - SHORT_ID);
}

/* What the model's kind does not know, or what it has not. */
static enum lat_code check_objective(const struct latd_job_ask *ask,
                                     const struct latd_model *m,
                                     struct lat_err *err)
{
    const bool images = m->card->modality == LAT_IMAGES;
    const bool type = strcmp(ask->kind_by, "type") == 0;

    if (ask->kind != LATD_FOR_ANY && images != (ask->kind == LATD_FOR_IMAGES))
        return lat_at(
            err,
            lat_fail_word(err, LAT_EUNFIT, "wrong_modality",
                          "model %s reads %ss, objective %s is for %s; for "
                          "%ss there are %s",
                          m->id, lat_modality_name(m->card->modality),
                          type ? ask->objective : ask->kind_by,
                          images ? "signals" : "images",
                          lat_modality_name(m->card->modality),
                          images ? "cl, ncl and bayesncl"
                                 : "scl, scl-nce, nt-xent and others"),
            "objective.%s", ask->kind_by);
    if (ask->gates && m->card->gate.mode == LAT_GATES_NONE)
        return lat_at(err,
                      lat_fail_word(err, LAT_EUNFIT, "no_gates",
                                    "model %s has no gates, which bayesncl "
                                    "needs; ncl and cl do not",
                                    m->id),
                      "objective.type");
    return LAT_OK;
}

static enum lat_code find_model(struct create *c, struct latd_req *req)
{
    struct latd_model *m = NULL;
    enum lat_code code =
        latd_models_ref(req->app->models, c->ask.model, &m, &req->err);

    if (code)
        return lat_at(&req->err, code, "model");
    memcpy(c->model, m->id, sizeof(c->model));
    code = check_objective(&c->ask, m, &req->err);
    latd_model_unref(m);
    return code;
}

static enum lat_code create_begin(struct latd_req *req)
{
    struct create *c;
    enum lat_code code = latd_req_database(req);
    uint8_t digest[LAT_DIGEST];
    struct lat_sha256 h;

    if (code)
        return code;
    c = req->state = lat_calloc(1, sizeof(*c));
    if (!c)
        return lat_fail(&req->err, LAT_ENOMEM, "a job");
    code = latd_wire_job_decode(&c->ask, &c->job.request, req->body,
                                req->body_len, &req->err);
    if (code)
        return code;
    lat_sha256_init(&h);
    lat_sha256_add(&h, c->job.request, strlen(c->job.request));
    lat_sha256_end(&h, digest);
    code = latd_idempotency_claim(&c->claim, req, "fine_tuning.jobs", digest);
    if (code || c->claim.replayed)
        return code;
    code = find_model(c, req);
    if (code)
        return code;
    latd_ulid_next(req->app->ulid, "ftjob-", c->job.id);
    name_output(c);
    c->job.created_at = time(NULL);
    c->job.state = LATD_JOB_VALIDATING_FILES;
    c->job.model = c->model;
    c->job.output = c->output;
    c->job.training_file = c->ask.training_file;
    c->job.validation_file =
        c->ask.validation_file[0] ? c->ask.validation_file : NULL;
    return LAT_OK;
}

/* The file's digest goes into h; a job that is made holds the file. */
static enum lat_code take_file(struct lat_sha256 *h, const struct create *c,
                               struct latd_rows *rows, const char *name,
                               const char *id, struct lat_err *err)
{
    struct latd_file f = {.usable = false};
    enum lat_code code = latd_rows_file_get(&f, rows, id, err);

    (void)c;
    if (code)
        return lat_at(err, code, "%s", name);
    if (!f.usable)
        code =
            lat_at(err,
                   lat_fail_word(err, LAT_EUNFIT, "invalid_training_file",
                                 "%s cannot be used; its report says why", id),
                   "%s", name);
    lat_sha256_add(h, f.sha256, sizeof(f.sha256));
    latd_file_fini(&f);
    return code;
}

/* Model, files by what is in them, and all that decides what is learned. */
static enum lat_code fingerprint(struct create *c, struct latd_rows *rows,
                                 struct lat_err *err)
{
    struct lat_sha256 h;
    enum lat_code code;

    lat_sha256_init(&h);
    lat_sha256_add(&h, c->model, strlen(c->model) + 1);
    lat_sha256_add(&h, c->ask.digest, sizeof(c->ask.digest));
    code = take_file(&h, c, rows, "training_file", c->job.training_file, err);
    if (!code && c->job.validation_file)
        code = take_file(&h, c, rows, "validation_file", c->job.validation_file,
                         err);
    lat_sha256_end(&h, c->job.fingerprint);
    return code;
}

static enum lat_code hold_files(const struct create *c, struct latd_rows *rows,
                                struct lat_err *err)
{
    enum lat_code code =
        latd_rows_file_hold(rows, c->job.training_file, c->job.id, err);

    if (!code && c->job.validation_file)
        code =
            latd_rows_file_hold(rows, c->job.validation_file, c->job.id, err);
    return code;
}

static enum lat_code add_event(const struct create *c, struct latd_req *req,
                               struct latd_rows *rows)
{
    struct latd_job_event e = {.created_at = c->job.created_at,
                               .level = "info",
                               .type = "message",
                               .message = "The job is made; its files are "
                                          "looked into",
                               .data = "{}"};

    latd_ulid_next(req->app->ulid, "ftevent-", e.id);
    memcpy(e.job, c->job.id, sizeof(e.job));
    return latd_rows_event_add(rows, &e, &req->err);
}

static enum lat_code make(struct create *c, struct latd_req *req,
                          struct latd_rows *rows)
{
    enum lat_code code = latd_rows_job_add(rows, &c->job, &req->err);

    if (!code)
        code = hold_files(c, rows, &req->err);
    if (!code)
        code = add_event(c, req, rows);
    c->made = true;
    return code;
}

/* May be called again, so it begins anew each time. */
static enum lat_code create_store(struct latd_req *req, struct latd_rows *rows)
{
    struct create *c = req->state;
    struct latd_job there = {.state = LATD_JOB_QUEUED};
    char id[LATD_ID_MAX];
    bool twin = false;
    enum lat_code code;

    if (c->claim.replayed)
        return LAT_OK;
    req->reply.body.len = 0;
    req->reply.n_headers = 0;
    c->made = false;
    code = fingerprint(c, rows, &req->err);
    /* Whoever sends a key says himself what is the same. */
    if (!code && !latd_req_header(req, "Idempotency-Key"))
        code = latd_rows_job_twin(&twin, id, rows, c->job.fingerprint,
                                  time(NULL) - TWIN_SECONDS, &req->err);
    if (!code && !twin)
        code = make(c, req, rows);
    if (!code)
        code =
            latd_rows_job_get(&there, rows, twin ? id : c->job.id, &req->err);
    if (code)
        return code;
    if (twin)
        latd_reply_header(&req->reply, "X-Duplicate-Of", "%s", id);
    latd_wire_job_encode(&req->reply.body, &there);
    latd_job_fini(&there);
    if (req->reply.body.failed)
        return lat_fail(&req->err, LAT_ENOMEM, "the reply");
    return latd_idempotency_keep(&c->claim, rows, 200, req->reply.body.v,
                                 &req->err);
}

static void create_end(struct latd_req *req)
{
    struct create *c = req->state;

    if (!c)
        return;
    if (c->made)
        latd_jobs_kick(req->app->jobs);
    latd_idempotency_release(&c->claim);
    lat_free(c->job.request);
    lat_free(c);
}

const struct latd_handler latd_jobs_create = {
    .begin = create_begin, .store = create_store, .end = create_end};
