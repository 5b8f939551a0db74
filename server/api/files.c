/* files.c - which files there are, one of them, what is in it, and its end. */
#include "../files.h"
#include "../api.h"
#include "../wire.h"
#include "files.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { LIMIT_MAX = 10000, PIECE = 65536 };

void latd_file_put(struct lat_buf *out, const struct latd_file *f)
{
    const struct latd_wire_file body = {
        .id = f->id,
        .filename = f->filename,
        .purpose = f->purpose,
        .sha256 = f->sha256,
        .report = f->report,
        .bytes = f->bytes,
        .created_at = f->created_at,
        .usable = f->usable,
    };

    latd_wire_file_encode(out, &body);
}

/* ---- a list ------------------------------------------------------------- */

struct listing {
    struct lat_buf *out;
    char first[LATD_ID_MAX], last[LATD_ID_MAX];
};

static void on_file(void *arg, const struct latd_file *f)
{
    struct listing *l = arg;

    if (l->first[0])
        lat_buf_puts(l->out, ",");
    else
        memcpy(l->first, f->id, sizeof(l->first));
    memcpy(l->last, f->id, sizeof(l->last));
    latd_file_put(l->out, f);
}

static enum lat_code fail_query(struct latd_req *req, const char *name,
                                const char *expected)
{
    return lat_at(&req->err,
                  lat_fail(&req->err, LAT_EINVAL, "%s is \"%.60s\", %s", name,
                           latd_req_query(req, name), expected),
                  "%s", name);
}

static enum lat_code read_query(struct latd_file_list *l, struct latd_req *req)
{
    const char *limit = latd_req_query(req, "limit");
    const char *order = latd_req_query(req, "order");
    char *end = NULL;

    l->after = latd_req_query(req, "after");
    l->purpose = latd_req_query(req, "purpose");
    l->limit = LIMIT_MAX;
    if (l->after && !latd_ulid_is(l->after, "file-"))
        return fail_query(req, "after", "expected the id of a file");
    if (order && strcmp(order, "asc") != 0 && strcmp(order, "desc") != 0)
        return fail_query(req, "order", "expected asc or desc");
    l->oldest_first = order && strcmp(order, "asc") == 0;
    if (limit) {
        unsigned long n = strtoul(limit, &end, 10);

        if (*limit < '0' || *limit > '9' || *end || n < 1 || n > LIMIT_MAX)
            return fail_query(req, "limit", "expected 1 to 10000");
        l->limit = n;
    }
    return LAT_OK;
}

static void write_id(struct lat_buf *out, const char *name, const char *id)
{
    lat_buf_printf(out, id[0] ? ",\"%s\":\"%s\"" : ",\"%s\":null", name, id);
}

static enum lat_code index_reply(struct latd_req *req)
{
    struct listing found = {.out = &req->reply.body};
    struct latd_file_list list = {.each = on_file, .arg = &found};
    struct latd_rows *rows;
    enum lat_code code = latd_req_database(req);

    if (!code)
        code = read_query(&list, req);
    if (code)
        return code;
    lat_buf_puts(found.out, "{\"object\":\"list\",\"data\":[");
    rows = latd_database_borrow(req->app->database);
    code = latd_rows_file_list(&list, rows, &req->err);
    latd_database_return(req->app->database, rows);
    if (code)
        return code;
    lat_buf_puts(found.out, "]");
    write_id(found.out, "first_id", found.first);
    write_id(found.out, "last_id", found.last);
    lat_buf_printf(found.out, ",\"has_more\":%s}",
                   list.more ? "true" : "false");
    latd_reply_etag_body(req);
    return LAT_OK;
}

/* ---- one ---------------------------------------------------------------- */

static enum lat_code get_file(struct latd_file *f, struct latd_req *req)
{
    struct latd_rows *rows;
    enum lat_code code = latd_req_database(req);

    if (code)
        return code;
    rows = latd_database_borrow(req->app->database);
    code = latd_rows_file_get(f, rows, req->param, &req->err);
    latd_database_return(req->app->database, rows);
    return code;
}

static enum lat_code get_reply(struct latd_req *req)
{
    struct latd_file f = {.report = NULL};
    enum lat_code code = get_file(&f, req);

    if (code)
        return code;
    latd_file_put(&req->reply.body, &f);
    latd_file_fini(&f);
    latd_reply_etag_body(req);
    return LAT_OK;
}

/* ---- its content -------------------------------------------------------- */

struct content {
    struct latd_stream stream;
    int fd;
    uint64_t left;
};

static enum lat_code next_piece(struct latd_stream *s, struct lat_buf *out,
                                struct lat_err *err)
{
    struct content *c = (struct content *)s;
    size_t want = c->left < PIECE ? (size_t)c->left : PIECE;
    char *to = want ? lat_buf_reserve(out, want) : NULL;
    ssize_t got;

    if (want == 0)
        return LAT_OK;
    if (!to)
        return lat_fail(err, LAT_ENOMEM, "a piece of a file");
    do
        got = read(c->fd, to, want);
    while (got < 0 && errno == EINTR);
    if (got <= 0)
        return lat_fail(err, LAT_EIO, "cannot read a file: %s",
                        got < 0 ? strerror(errno) : "it is cut short");
    out->len += (size_t)got;
    c->left -= (uint64_t)got;
    return LAT_OK;
}

static void close_content(struct latd_stream *s)
{
    struct content *c = (struct content *)s;

    close(c->fd);
    lat_free(c);
}

/* bytes=FIRST-LAST, bytes=FIRST- or bytes=-N of one range; what is none, or
 * several, is no range at all (RFC 9110).  False: none of it is there. */
static bool read_range(const char *text, uint64_t size, uint64_t *first,
                       uint64_t *last)
{
    char *end = NULL;

    *first = 0;
    *last = size - 1;
    if (!text || strncmp(text, "bytes=", 6) != 0 || strchr(text, ',') ||
        size == 0)
        return true;
    text += 6;
    if (*text == '-') {
        uint64_t n = strtoull(text + 1, &end, 10);

        if (end == text + 1 || *end)
            return true;
        *first = n < size ? size - n : 0;
        return n > 0;
    }
    if (*text < '0' || *text > '9')
        return true;
    *first = strtoull(text, &end, 10);
    if (end[0] == '-' && end[1] >= '0' && end[1] <= '9') {
        *last = strtoull(end + 1, &end, 10);
        *last = *last < size ? *last : size - 1;
    }
    return *first < size && *first <= *last;
}

static enum lat_code open_content(struct latd_req *req,
                                  const struct latd_file *f, uint64_t first,
                                  uint64_t n)
{
    struct content *c = lat_calloc(1, sizeof(*c));
    char path[LATD_FILE_PATH];

    if (!c)
        return lat_fail(&req->err, LAT_ENOMEM, "a file");
    latd_files_path(req->app->files, f->id, path);
    c->fd = open(path, O_RDONLY | O_CLOEXEC);
    if (c->fd < 0 || lseek(c->fd, (off_t)first, SEEK_SET) < 0) {
        enum lat_code code =
            lat_fail(&req->err, LAT_EIO, "file %s: %s", f->id, strerror(errno));

        if (c->fd >= 0)
            close(c->fd);
        lat_free(c);
        return code;
    }
    c->left = n;
    c->stream = (struct latd_stream){
        .next = next_piece, .close = close_content, .sized = true, .size = n};
    req->reply.stream = &c->stream;
    return LAT_OK;
}

static enum lat_code send_content(struct latd_req *req,
                                  const struct latd_file *f)
{
    const char *range = latd_req_header(req, "Range");
    struct latd_reply *r = &req->reply;
    uint64_t first, last;
    enum lat_code code;

    latd_reply_header(r, "Accept-Ranges", "bytes");
    r->type = "application/octet-stream";
    if (latd_reply_etag(req, f->sha256))
        return LAT_OK;
    if (!read_range(range, f->bytes, &first, &last)) {
        r->status = 416;
        latd_reply_header(r, "Content-Range", "bytes */%llu",
                          (unsigned long long)f->bytes);
        return LAT_OK;
    }
    if (f->bytes == 0)
        return LAT_OK;
    code = open_content(req, f, first, last - first + 1);
    if (code || last - first + 1 == f->bytes)
        return code;
    r->status = 206;
    latd_reply_header(r, "Content-Range", "bytes %llu-%llu/%llu",
                      (unsigned long long)first, (unsigned long long)last,
                      (unsigned long long)f->bytes);
    return LAT_OK;
}

static enum lat_code content_reply(struct latd_req *req)
{
    struct latd_file f = {.report = NULL};
    enum lat_code code = get_file(&f, req);

    if (code)
        return code;
    code = send_content(req, &f);
    latd_file_fini(&f);
    return code;
}

/* ---- its end ------------------------------------------------------------ */

static enum lat_code delete_begin(struct latd_req *req)
{
    return latd_req_database(req);
}

static enum lat_code delete_store(struct latd_req *req, struct latd_rows *rows)
{
    return latd_files_delete(req->app->files, rows, req->param, &req->err);
}

static enum lat_code delete_reply(struct latd_req *req)
{
    lat_buf_puts(&req->reply.body, "{\"id\":");
    latd_write_string(&req->reply.body, req->param);
    lat_buf_puts(&req->reply.body, ",\"object\":\"file\",\"deleted\":true}");
    return LAT_OK;
}

const struct latd_handler latd_files_index = {.reply = index_reply};
const struct latd_handler latd_files_get = {.reply = get_reply};
const struct latd_handler latd_files_content = {.reply = content_reply};
const struct latd_handler latd_files_delete_one = {
    .begin = delete_begin, .store = delete_store, .reply = delete_reply};
