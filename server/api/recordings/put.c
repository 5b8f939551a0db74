/* put.c - PUT /v1/recordings/{id}: one recording, whole. */
#include "../../api.h"

#include "draft.h"

static enum lat_code put_begin(struct latd_req *req)
{
    struct latd_drafts *d = req->state = lat_calloc(1, sizeof(*d));
    const struct latd_body body = latd_body_of(req);
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    if (!d)
        return lat_fail(&req->err, LAT_ENOMEM, "recording");
    code = latd_drafts_init(d, 1, req);
    if (code)
        return code;
    code = latd_drafts_add(d, req, &body, req->param);
    if (code) {
        req->err = d->v[0].err;
        return code;
    }
    d->v[0].put.match = latd_match_of(req);
    req->timeout_ms = d->v[0].asked.asked.timeout_ms;
    return latd_drafts_begin(d, req);
}

enum lat_code latd_recordings_submit(struct latd_req *req)
{
    return latd_infer_submit(req->app->infer, &req->batch, &req->err);
}

static enum lat_code put_store(struct latd_req *req, struct latd_rows *rows)
{
    struct latd_drafts *d = req->state;
    enum lat_code code = latd_drafts_put(d, 0, req, rows);

    if (code || !d->v[0].err.code)
        return code;
    req->err = d->v[0].err;
    return latd_tag_refused(req, rows);
}

static enum lat_code put_reply(struct latd_req *req)
{
    const struct latd_recording_show show = {0};
    struct latd_drafts *d = req->state;
    const struct latd_draft *one = &d->v[0];
    char tag[LAT_DIGEST_HEX];

    latd_tag_text(tag, one->r.etag);
    latd_reply_header(&req->reply, "ETag", "\"%s\"", tag);
    req->reply.status = one->put.result == LATD_PUT_CREATED ? 201 : 200;
    return latd_wire_recording_encode(&req->reply.body, &one->r, &show,
                                      &req->err);
}

void latd_recordings_end(struct latd_req *req)
{
    if (req->state)
        latd_drafts_fini(req->state);
    lat_free(req->state);
}

const struct latd_handler latd_recordings_put_one = {
    .begin = put_begin,
    .submit = latd_recordings_submit,
    .store = put_store,
    .reply = put_reply,
    .end = latd_recordings_end,
};
