/*
 * upload.c - POST /v1/files: a file goes to disk as it comes.
 *
 * http writes the pieces; another thread syncs it and looks into it; the store
 * makes its row.  Whatever ends before that leaves nothing.
 */
#include "../api.h"
#include "../files.h"
#include "../idempotency.h"
#include "../wire.h"
#include "../wire/intake.h"
#include "files.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
    FORM_ROOM = 65536,   /* for what is around the file in the body */
    PATIENCE_MS = 600000 /* a large file is looked into for a while */
};

enum field { NO_FIELD, FILE_FIELD, PURPOSE_FIELD };

struct upload {
    struct latd_req *req;
    struct latd_intake *form;
    struct latd_upload *upload; /* NULL: no file yet */
    struct latd_file file;
    enum field field; /* whose bytes come */
    size_t purpose_len;
    struct latd_claim claim;
    struct latd_later later;
    enum lat_code code; /* of what was done later */
    struct lat_err err;
    struct lat_buf answer;
};

/* ---- the form ----------------------------------------------------------- */

static enum lat_code begin_file(struct upload *u, const struct latd_part *part,
                                struct lat_err *err)
{
    if (u->upload)
        return lat_fail(err, LAT_EINVAL, "two files; send one");
    if (!part->file[0])
        return lat_fail(err, LAT_EINVAL,
                        "the file has no name; its ending says what it is: %s",
                        lat_file_endings());
    if (lat_file_kind(part->file) == LAT_FILE_OTHER)
        return lat_fail_word(err, LAT_EMEDIA, "unsupported_format",
                             "%.80s: its name must end in %s", part->file,
                             lat_file_endings());
    u->field = FILE_FIELD;
    snprintf(u->file.filename, sizeof(u->file.filename), "%s", part->file);
    return latd_upload_open(&u->upload, u->req->app->files, err);
}

static enum lat_code on_part(void *arg, const struct latd_part *part,
                             struct lat_err *err)
{
    struct upload *u = arg;
    enum lat_code code = LAT_OK;

    if (strcmp(part->name, "file") == 0)
        code = begin_file(u, part, err);
    else if (strcmp(part->name, "purpose") != 0)
        code = lat_fail(err, LAT_EINVAL, "expected file and purpose");
    else if (u->purpose_len > 0)
        code = lat_fail(err, LAT_EINVAL, "said twice");
    else
        u->field = PURPOSE_FIELD;
    return code ? lat_at(err, code, "%.60s", part->name) : LAT_OK;
}

static enum lat_code on_data(void *arg, const char *p, size_t len,
                             struct lat_err *err)
{
    struct upload *u = arg;

    if (u->field == FILE_FIELD)
        return latd_upload_write(u->upload, p, len, err);
    if (u->purpose_len + len >= sizeof(u->file.purpose))
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL, "longer than %zu bytes",
                               sizeof(u->file.purpose) - 1),
                      "purpose");
    memcpy(u->file.purpose + u->purpose_len, p, len);
    u->purpose_len += len;
    return LAT_OK;
}

/* ---- http --------------------------------------------------------------- */

/* A length that is said and cannot be, before a byte of it is read. */
static enum lat_code check_length(struct latd_req *req)
{
    const char *text = latd_req_header(req, "Content-Length");
    uint64_t len = text ? strtoull(text, NULL, 10) : 0;
    uint64_t limit = req->app->config.max_file_bytes;

    if (len <= limit + FORM_ROOM)
        return LAT_OK;
    return lat_fail_word(&req->err, LAT_ETOOBIG, "request_too_large",
                         "the body has %llu bytes, a file may have %llu "
                         "(max-file-bytes)",
                         (unsigned long long)len, (unsigned long long)limit);
}

static enum lat_code create_head(struct latd_req *req)
{
    struct latd_intake_ops ops = {on_part, on_data, NULL};
    struct upload *u;
    enum lat_code code = latd_req_database(req);

    if (!code)
        code = check_length(req);
    if (code)
        return code;
    u = req->state = lat_calloc(1, sizeof(*u));
    if (!u)
        return lat_fail(&req->err, LAT_ENOMEM, "an upload");
    u->req = req;
    ops.arg = u;
    req->body_max = req->app->config.max_file_bytes + FORM_ROOM;
    return latd_intake_new(&u->form, latd_req_header(req, "Content-Type"), &ops,
                           &req->err);
}

static enum lat_code create_take(struct latd_req *req, const char *p,
                                 size_t len)
{
    struct upload *u = req->state;

    return latd_intake_feed(u->form, p, len, &req->err);
}

static enum lat_code check_form(struct upload *u, struct lat_err *err)
{
    enum lat_code code = latd_intake_finish(u->form, err);

    if (code)
        return code;
    if (!u->upload)
        return lat_at(err, lat_fail(err, LAT_EINVAL, "there is no file"),
                      "file");
    if (strcmp(u->file.purpose, "fine-tune") != 0)
        return lat_at(err,
                      lat_fail(err, LAT_EINVAL,
                               "purpose is \"%.31s\", must be \"fine-tune\"",
                               u->file.purpose),
                      "purpose");
    latd_upload_digest(u->upload, &u->file);
    return LAT_OK;
}

/* What was asked for: the same file by the same name. */
static enum lat_code claim(struct upload *u)
{
    uint8_t digest[LAT_DIGEST];
    struct lat_sha256 h;

    lat_sha256_init(&h);
    lat_sha256_add(&h, u->file.sha256, sizeof(u->file.sha256));
    lat_sha256_add(&h, u->file.filename, strlen(u->file.filename) + 1);
    lat_sha256_add(&h, u->file.purpose, strlen(u->file.purpose) + 1);
    lat_sha256_end(&h, digest);
    return latd_idempotency_claim(&u->claim, u->req, "files", digest);
}

static enum lat_code create_begin(struct latd_req *req)
{
    struct upload *u = req->state;
    enum lat_code code = check_form(u, &req->err);

    if (!code)
        code = claim(u);
    if (code)
        return code;
    req->compute = !u->claim.replayed;
    req->timeout_ms = PATIENCE_MS;
    return LAT_OK;
}

static void run_later(struct latd_later *later)
{
    struct upload *u =
        (struct upload *)((char *)later - offsetof(struct upload, later));

    u->code = latd_upload_finish(u->upload, &u->file, &u->err);
    latd_batch_release(&u->req->batch);
}

static enum lat_code create_submit(struct latd_req *req)
{
    struct upload *u = req->state;

    latd_batch_hold(&req->batch);
    u->later.run = run_later;
    latd_files_later(req->app->files, &u->later);
    return LAT_OK;
}

/* May be called again when a neighbour's change undid it. */
static enum lat_code create_store(struct latd_req *req, struct latd_rows *rows)
{
    struct upload *u = req->state;
    enum lat_code code = u->code;

    if (u->claim.replayed)
        return LAT_OK;
    if (code) {
        req->err = u->err;
        return code;
    }
    u->answer.len = 0;
    latd_file_put(&u->answer, &u->file);
    if (u->answer.failed)
        return lat_fail(&req->err, LAT_ENOMEM, "the answer");
    code = latd_upload_store(u->upload, rows, &u->file, &req->err);
    return code ? code
                : latd_idempotency_keep(&u->claim, rows, 200, u->answer.v,
                                        &req->err);
}

static enum lat_code create_reply(struct latd_req *req)
{
    struct upload *u = req->state;

    if (u->claim.replayed)
        return LAT_OK;
    req->reply.body = u->answer;
    u->answer = (struct lat_buf){0};
    return LAT_OK;
}

static void create_end(struct latd_req *req)
{
    struct upload *u = req->state;

    if (!u)
        return;
    latd_idempotency_release(&u->claim);
    latd_upload_close(u->upload);
    latd_intake_free(u->form);
    latd_file_fini(&u->file);
    lat_buf_fini(&u->answer);
    lat_free(u);
}

const struct latd_handler latd_files_create = {
    .head = create_head,
    .take = create_take,
    .begin = create_begin,
    .submit = create_submit,
    .store = create_store,
    .reply = create_reply,
    .end = create_end,
};
