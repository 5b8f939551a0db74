/* delete.c - a recording goes, or all of a subject, with what is cached. */
#include "../../api.h"

#include "draft.h"

#include <stdio.h>
#include <string.h>

struct deletion {
    struct latd_deleted gone;
    uint64_t cached; /* vectors, of all runs of the transaction */
};

static enum lat_code delete_begin(struct latd_req *req)
{
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    req->state = lat_calloc(1, sizeof(struct deletion));
    return req->state ? LAT_OK : lat_fail(&req->err, LAT_ENOMEM, "deletion");
}

/* DELETE /v1/recordings is never of all: the subject is said. */
static enum lat_code query_begin(struct latd_req *req)
{
    const char *subject = latd_req_query(req, "subject");
    enum lat_code code = LAT_OK;

    if (!subject || !*subject || strlen(subject) >= sizeof(req->param))
        code = lat_at(&req->err,
                      lat_fail(&req->err, LAT_EINVAL,
                               "subject of %zu bytes, expected 1 to %zu: what "
                               "is deleted is all of one subject",
                               subject ? strlen(subject) : (size_t)0,
                               sizeof(req->param) - 1),
                      "subject");
    if (code)
        return code;
    snprintf(req->param, sizeof(req->param), "%s", subject);
    return delete_begin(req);
}

/* What is cached goes first: if the rows then stay, nothing is lost. */
static enum lat_code purge(struct deletion *d, struct latd_req *req)
{
    uint64_t n = 0;
    enum lat_code code = latd_purge(&n, req->app, &d->gone.keys, &req->err);

    d->cached += n;
    return code;
}

static enum lat_code one_store(struct latd_req *req, struct latd_rows *rows)
{
    const struct latd_match match = latd_match_of(req);
    struct deletion *d = req->state;
    enum lat_code code =
        latd_recordings_delete(&d->gone, rows, req->param, &match, &req->err);

    return code ? latd_tag_refused(req, rows) : purge(d, req);
}

static enum lat_code subject_store(struct latd_req *req, struct latd_rows *rows)
{
    struct deletion *d = req->state;
    enum lat_code code =
        latd_recordings_delete_subject(&d->gone, rows, req->param, &req->err);

    return code ? code : purge(d, req);
}

static enum lat_code one_reply(struct latd_req *req)
{
    struct deletion *d = req->state;

    latd_wire_deleted_encode(&req->reply.body, "recording.deleted", req->param,
                             &d->gone, d->cached);
    return LAT_OK;
}

static enum lat_code subject_reply(struct latd_req *req)
{
    struct deletion *d = req->state;

    latd_wire_deleted_encode(&req->reply.body, "subject.deleted", req->param,
                             &d->gone, d->cached);
    return LAT_OK;
}

static void delete_end(struct latd_req *req)
{
    struct deletion *d = req->state;

    if (d)
        latd_deleted_fini(&d->gone);
    lat_free(d);
}

const struct latd_handler latd_recordings_delete_one = {
    .begin = delete_begin,
    .store = one_store,
    .reply = one_reply,
    .end = delete_end,
};
const struct latd_handler latd_recordings_of_subject_delete = {
    .begin = delete_begin,
    .store = subject_store,
    .reply = subject_reply,
    .end = delete_end,
};
const struct latd_handler latd_recordings_of_query_delete = {
    .begin = query_begin,
    .store = subject_store,
    .reply = subject_reply,
    .end = delete_end,
};
