/* transfer.c - files to a server and back, by libcurl. */
#include "transfer.h"

#include "curl.h"

#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { BAR_WIDTH = 30, LABEL_WIDTH = 24 };

/* ---- a bar -------------------------------------------------------------- */

struct bar {
    const char *label;
    bool up, shown;
    double begun, last;
};

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static void draw(struct bar *b, double done, double all)
{
    double seconds = fmax(now() - b->begun, 1e-3);
    int full = all > 0.0 ? (int)(done / all * BAR_WIDTH) : 0;
    char line[BAR_WIDTH + 1];

    memset(line, ' ', BAR_WIDTH);
    memset(line, '#', (size_t)(full < BAR_WIDTH ? full : BAR_WIDTH));
    line[BAR_WIDTH] = '\0';
    fprintf(stderr, "\r%-*.*s [%s] %5.1f of %.1f MB  %.1f MB/s\x1b[K",
            LABEL_WIDTH, LABEL_WIDTH, b->label, line, done / 1e6, all / 1e6,
            done / 1e6 / seconds);
    b->shown = true;
}

static int on_progress(void *arg, curl_off_t down_all, curl_off_t down,
                       curl_off_t up_all, curl_off_t up)
{
    struct bar *b = arg;
    double done = (double)(b->up ? up : down);
    double all = (double)(b->up ? up_all : down_all);

    if (now() - b->last < 0.1 && done < all)
        return 0;
    if (all > 0.0)
        draw(b, done, all);
    b->last = now();
    return 0;
}

static void bar_set(struct bar *b, CURL *curl)
{
    b->begun = b->last = now();
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, on_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, b);
}

static void bar_end(const struct bar *b)
{
    if (b->shown)
        fprintf(stderr, "\n");
}

/* ---- up ----------------------------------------------------------------- */

static CURLcode add_file(curl_mime *mime, const struct cli_upload *up)
{
    curl_mimepart *purpose = curl_mime_addpart(mime);
    curl_mimepart *file = curl_mime_addpart(mime);
    CURLcode rc = curl_mime_name(purpose, "purpose");

    if (!rc)
        rc = curl_mime_data(purpose, "fine-tune", CURL_ZERO_TERMINATED);
    if (!rc)
        rc = curl_mime_name(file, "file");
    if (!rc && up->file)
        rc = curl_mime_filedata(file, up->file);
    else if (!rc)
        rc =
            curl_mime_data(file, up->text->v ? up->text->v : "", up->text->len);
    if (!rc)
        rc = curl_mime_filename(file, up->name);
    return rc ? rc : curl_mime_type(file, "application/octet-stream");
}

enum lat_code cli_upload(struct cli_reply *out, const char *server,
                         const struct cli_upload *up, struct lat_err *err)
{
    struct bar bar = {.label = up->name, .up = true};
    CURL *curl = curl_easy_init();
    curl_mime *mime = curl ? curl_mime_init(curl) : NULL;
    enum lat_code code;
    CURLcode rc;

    *out = (struct cli_reply){0};
    rc = mime ? add_file(mime, up) : CURLE_OUT_OF_MEMORY;
    if (rc) {
        curl_mime_free(mime);
        curl_easy_cleanup(curl);
        return lat_fail(err, rc == CURLE_READ_ERROR ? LAT_ENOENT : LAT_ENOMEM,
                        "cannot be read: %s",
                        rc == CURLE_READ_ERROR ? strerror(errno)
                                               : curl_easy_strerror(rc));
    }
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
    if (up->bar)
        bar_set(&bar, curl);
    cli_curl_keep(curl, &out->body);
    code = cli_curl_perform(curl, 0, &out->status, server, up->path, err);
    bar_end(&bar);
    curl_mime_free(mime);
    return code;
}

/* ---- down --------------------------------------------------------------- */

struct sink {
    int fd;
    CURL *curl;
    struct lat_buf said; /* of a server that does not send it */
};

static size_t take(char *p, size_t size, size_t n, void *arg)
{
    struct sink *s = arg;
    size_t len = size * n;
    long status = 0;

    curl_easy_getinfo(s->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status != 200) {
        lat_buf_put(&s->said, p, len);
        return len;
    }
    for (size_t at = 0; at < len;) {
        ssize_t put = write(s->fd, p + at, len - at);

        if (put < 0 && errno != EINTR)
            return 0;
        at += put > 0 ? (size_t)put : 0;
    }
    return len;
}

static enum lat_code receive(struct sink *s, const char *server,
                             const struct cli_download *down,
                             struct lat_err *err)
{
    struct bar bar = {.label = down->to};
    long status = 0;
    enum lat_code code;

    s->curl = curl_easy_init();
    if (!s->curl)
        return lat_fail(err, LAT_ENOMEM, "libcurl");
    curl_easy_setopt(s->curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(s->curl, CURLOPT_WRITEDATA, s);
    if (down->bar)
        bar_set(&bar, s->curl);
    code = cli_curl_perform(s->curl, 0, &status, server, down->path, err);
    bar_end(&bar);
    if (!code && status != 200)
        code = lat_fail(err, LAT_EIO, "the server answered %ld: %.200s", status,
                        s->said.v ? s->said.v : "");
    return code;
}

enum lat_code cli_download(const char *server, const struct cli_download *down,
                           struct lat_err *err)
{
    const bool to_file = strcmp(down->to, "-") != 0;
    struct sink s = {.fd = STDOUT_FILENO};
    enum lat_code code;

    if (to_file)
        s.fd = open(down->to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (s.fd < 0)
        return lat_fail(err, LAT_EIO, "%s: %s", down->to, strerror(errno));
    code = receive(&s, server, down, err);
    lat_buf_fini(&s.said);
    if (to_file && close(s.fd) && !code)
        code = lat_fail(err, LAT_EIO, "%s: %s", down->to, strerror(errno));
    if (to_file && code)
        unlink(down->to);
    return code;
}
