/*
 * backup.c - GET /v1/backup: the database as it is at one moment.
 *
 * It is copied on the work queue, to a file that is then sent and is gone.
 */
#define _GNU_SOURCE /* mkostemp */
#include "../api.h"
#include "../store/database.h"

#include <errno.h>
#include <fcntl.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PIECE = 65536, TIMEOUT_MS = 600000 };

struct backup {
    struct latd_req *req;
    struct latd_work *work;
    struct latd_task begin;
    char path[LATD_TEXT_MAX + 40];
    int fd; /* -1: the stream's */
    enum lat_code code;
    struct lat_err err;
};

struct sent {
    struct latd_stream stream;
    int fd;
    uint64_t left;
};

/* Among the uploads, of which a start throws away those that were cut off. */
static enum lat_code make_file(struct backup *b, struct lat_err *err)
{
    snprintf(b->path, sizeof(b->path), "%s/files/upload-XXXXXX",
             b->req->app->config.data_dir);
    b->fd = mkostemp(b->path, O_CLOEXEC);
    if (b->fd >= 0)
        return LAT_OK;
    b->path[0] = '\0';
    return lat_fail(err, LAT_ENOSPACE, "data-dir: %s", strerror(errno));
}

static void run(void *arg)
{
    struct backup *b = arg;

    b->code = latd_database_copy(b->req->app->database, b->path, &b->err);
}

static void done(void *arg)
{
    struct backup *b = arg;

    latd_batch_release(&b->req->batch);
}

static void run_begin(struct latd_task *task)
{
    struct backup *b =
        (struct backup *)((char *)task - offsetof(struct backup, begin));

    latd_work_start(b->work);
}

static enum lat_code begin(struct latd_req *req)
{
    struct backup *b;
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    b = req->state = lat_calloc(1, sizeof(*b));
    if (!b)
        return lat_fail(&req->err, LAT_ENOMEM, "a backup");
    b->req = req;
    b->fd = -1;
    b->begin.run = run_begin;
    code = make_file(b, &req->err);
    if (!code)
        code = latd_work_new(&b->work, req->app->loop, run, done, b, &req->err);
    req->compute = !code;
    req->timeout_ms = TIMEOUT_MS;
    return code;
}

static enum lat_code submit(struct latd_req *req)
{
    struct backup *b = req->state;

    latd_batch_hold(&req->batch);
    latd_loop_post(req->app->loop, &b->begin);
    return LAT_OK;
}

static enum lat_code next(struct latd_stream *stream, struct lat_buf *out,
                          struct lat_err *err)
{
    struct sent *s = (struct sent *)stream;
    size_t want = s->left < PIECE ? (size_t)s->left : PIECE;
    char *to = want ? lat_buf_reserve(out, want) : NULL;
    ssize_t got;

    if (want == 0)
        return LAT_OK;
    if (!to)
        return lat_fail(err, LAT_ENOMEM, "a piece of a backup");
    do
        got = read(s->fd, to, want);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return lat_fail(err, LAT_EIO, "cannot read a backup: %s",
                        got < 0 ? strerror(errno) : "it is cut short");
    out->len += (size_t)got;
    s->left -= (uint64_t)got;
    return LAT_OK;
}

static void close_sent(struct latd_stream *stream)
{
    struct sent *s = (struct sent *)stream;

    close(s->fd);
    lat_free(s);
}

static enum lat_code reply(struct latd_req *req)
{
    struct backup *b = req->state;
    struct sent *s;
    struct stat st;

    if (b->code) {
        req->err = b->err;
        return b->code;
    }
    if (fstat(b->fd, &st))
        return lat_fail(&req->err, LAT_EIO, "data-dir: %s", strerror(errno));
    s = lat_calloc(1, sizeof(*s));
    if (!s)
        return lat_fail(&req->err, LAT_ENOMEM, "a backup");
    s->fd = b->fd;
    s->left = (uint64_t)st.st_size;
    s->stream = (struct latd_stream){
        .next = next, .close = close_sent, .sized = true, .size = s->left};
    b->fd = -1;
    req->reply.stream = &s->stream;
    req->reply.type = "application/vnd.sqlite3";
    latd_reply_header(&req->reply, "Content-Disposition",
                      "attachment; filename=\"latentd.db\"");
    return LAT_OK;
}

static void end(struct latd_req *req)
{
    struct backup *b = req->state;

    if (!b)
        return;
    latd_work_free(b->work);
    if (b->path[0])
        unlink(b->path); /* what is open is sent all the same */
    if (b->fd >= 0)
        close(b->fd);
    lat_free(b);
}

const struct latd_handler latd_backup = {
    .begin = begin, .submit = submit, .reply = reply, .end = end};
