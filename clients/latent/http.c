/* http.c - one request by libcurl. */
#include "curl.h"

#include <stdlib.h>
#include <string.h>

enum { CONNECT_SECONDS = 10, TOTAL_SECONDS = 300, KEY_MAX = 512 };

static size_t take(char *p, size_t size, size_t n, void *body)
{
    lat_buf_put(body, p, size * n);
    return ((struct lat_buf *)body)->failed ? 0 : size * n;
}

static bool is_loopback(const char *url)
{
    return strstr(url, "//127.") || strstr(url, "//localhost") ||
           strstr(url, "//[::1]");
}

static enum lat_code url_of(char url[4096], const char *server,
                            const char *path, struct lat_err *err)
{
    size_t len = strlen(server);

    while (len > 0 && server[len - 1] == '/')
        len--;
    if (len + strlen(path) + 8 >= 4096)
        return lat_fail(err, LAT_EINVAL, "the server's URL is too long");
    snprintf(url, 4096, "%s%.*s%s", strstr(server, "://") ? "" : "http://",
             (int)len, server, path);
    return LAT_OK;
}

/* The key of --key-file or of the environment, without what is around it;
 * empty when there is none. */
static enum lat_code read_key(char key[KEY_MAX], struct lat_err *err)
{
    const char *file = cli_access_get()->key_file;
    const char *from = file ? NULL : getenv("LATENT_API_KEY");
    char *text = NULL;
    size_t len, n;
    enum lat_code code = LAT_OK;

    if (file)
        code = lat_file_read(&text, &len, file, 65536, err);
    if (code)
        return lat_wrap(err, code, "--key-file");
    from = text ? text : from ? from : "";
    from += strspn(from, " \t\r\n");
    n = strcspn(from, " \t\r\n");
    if (n >= KEY_MAX || (file && n == 0))
        code = lat_fail(err, LAT_EINVAL, "%s holds no key",
                        file ? file : "LATENT_API_KEY");
    else
        snprintf(key, KEY_MAX, "%.*s", (int)n, from);
    lat_free(text);
    return code;
}

/* Who we are, and whom we trust. */
static enum lat_code set_access(CURL *curl, struct lat_err *err)
{
    const struct cli_access *a = cli_access_get();
    char key[KEY_MAX] = "";
    enum lat_code code = read_key(key, err);

    if (code)
        return code;
    if (key[0]) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, key);
    }
    if (a->ca)
        curl_easy_setopt(curl, CURLOPT_CAINFO, a->ca);
    if (a->cert)
        curl_easy_setopt(curl, CURLOPT_SSLCERT, a->cert);
    if (a->cert_key)
        curl_easy_setopt(curl, CURLOPT_SSLKEY, a->cert_key);
    return LAT_OK;
}

enum lat_code cli_curl_perform(CURL *curl, long seconds, long *status,
                               const char *server, const char *path,
                               struct lat_err *err)
{
    char url[4096], why[CURL_ERROR_SIZE] = "";
    enum lat_code code = url_of(url, server, path, err);
    CURLcode rc;

    if (!code)
        code = set_access(curl, err);
    if (code)
        goto out;
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "latent");
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT, (long)CONNECT_SECONDS);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, seconds);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, why);
    if (is_loopback(url))
        curl_easy_setopt(curl, CURLOPT_PROXY, "");
    rc = curl_easy_perform(curl);
    if (rc != CURLE_OK)
        code = lat_fail(err, LAT_EIO, "%s: %s", url,
                        why[0] ? why : curl_easy_strerror(rc));
    else
        curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, status);
out:
    curl_easy_cleanup(curl);
    return code;
}

void cli_curl_keep(CURL *curl, struct lat_buf *body)
{
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, body);
}

/* Sends what curl was given so far.  Frees curl. */
static enum lat_code perform(CURL *curl, struct cli_reply *out,
                             const char *server, const char *path,
                             struct lat_err *err)
{
    cli_curl_keep(curl, &out->body);
    return cli_curl_perform(curl, TOTAL_SECONDS, &out->status, server, path,
                            err);
}

static enum lat_code begin(CURL **curl, struct cli_reply *out,
                           struct lat_err *err)
{
    *out = (struct cli_reply){0};
    *curl = curl_easy_init();
    if (!*curl)
        return lat_fail(err, LAT_ENOMEM, "libcurl");
    return LAT_OK;
}

enum lat_code cli_http_get(struct cli_reply *out, const char *server,
                           const char *path, struct lat_err *err)
{
    CURL *curl;
    enum lat_code code = begin(&curl, out, err);

    return code ? code : perform(curl, out, server, path, err);
}

enum lat_code cli_http_delete(struct cli_reply *out, const char *server,
                              const char *path, struct lat_err *err)
{
    CURL *curl;
    enum lat_code code = begin(&curl, out, err);

    if (code)
        return code;
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, "DELETE");
    return perform(curl, out, server, path, err);
}

enum lat_code cli_http_post_json(struct cli_reply *out, const char *server,
                                 const char *path, const struct lat_buf *body,
                                 struct lat_err *err)
{
    struct curl_slist *headers;
    CURL *curl;
    enum lat_code code = begin(&curl, out, err);

    if (code)
        return code;
    headers = curl_slist_append(NULL, "Content-Type: application/json");
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body->v);
    curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body->len);
    code = perform(curl, out, server, path, err);
    curl_slist_free_all(headers);
    return code;
}

enum lat_code cli_http_post_parts(struct cli_reply *out, const char *server,
                                  const char *path,
                                  const struct cli_part *parts, size_t n,
                                  struct lat_err *err)
{
    curl_mime *mime;
    CURL *curl;
    enum lat_code code = begin(&curl, out, err);

    if (code)
        return code;
    mime = curl_mime_init(curl);
    for (size_t i = 0; i < n; i++) {
        curl_mimepart *part = curl_mime_addpart(mime);

        curl_mime_name(part, parts[i].name);
        curl_mime_data(part, parts[i].data, parts[i].len);
        if (parts[i].filename)
            curl_mime_filename(part, parts[i].filename);
        if (parts[i].type)
            curl_mime_type(part, parts[i].type);
    }
    curl_easy_setopt(curl, CURLOPT_MIMEPOST, mime);
    code = perform(curl, out, server, path, err);
    curl_mime_free(mime);
    return code;
}

struct stream {
    bool (*take)(void *arg, const char *p, size_t len);
    void *arg;
};

static size_t take_piece(char *p, size_t size, size_t n, void *arg)
{
    const struct stream *s = arg;

    return s->take(s->arg, p, size * n) ? size * n : 0;
}

enum lat_code cli_http_stream(const char *server, const char *path,
                              const char *last,
                              bool (*take_it)(void *arg, const char *p,
                                              size_t len),
                              void *arg, struct lat_err *err)
{
    struct stream s = {take_it, arg};
    struct curl_slist *headers =
        curl_slist_append(NULL, "Accept: text/event-stream");
    CURL *curl = curl_easy_init();
    char seen[128];
    long status = 0;
    enum lat_code code;

    if (!curl)
        return lat_fail(err, LAT_ENOMEM, "libcurl");
    snprintf(seen, sizeof(seen), "Last-Event-ID: %.100s", last);
    if (*last)
        headers = curl_slist_append(headers, seen);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_piece);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &s);
    code = cli_curl_perform(curl, 0, &status, server, path, err);
    curl_slist_free_all(headers);
    if (!code && status != 200)
        code = lat_fail(err, LAT_EIO, "the server answered %ld", status);
    return code;
}

/* ---- any other request --------------------------------------------------- */

enum lat_code cli_http_ask(struct cli_reply *out, const char *server,
                           const struct cli_ask *ask, struct lat_err *err)
{
    struct curl_slist *headers = NULL;
    char type[96];
    CURL *curl;
    enum lat_code code = begin(&curl, out, err);

    if (code)
        return code;
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, ask->method);
    snprintf(type, sizeof(type), "Content-Type: %s",
             ask->type ? ask->type : "");
    if (ask->body) {
        headers = curl_slist_append(headers, type);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, ask->body->v);
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE,
                         (curl_off_t)ask->body->len);
    }
    if (ask->header)
        headers = curl_slist_append(headers, ask->header);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    code = perform(curl, out, server, ask->path, err);
    curl_slist_free_all(headers);
    return code;
}

void cli_reply_fini(struct cli_reply *r)
{
    lat_buf_fini(&r->body);
}
