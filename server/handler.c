/* handler.c - what handlers call. */
#include "handler.h"

#include <stdio.h>
#include <string.h>

enum lat_code latd_req_database(struct latd_req *req)
{
    if (req->app->database)
        return LAT_OK;
    return lat_fail_word(&req->err, LAT_EAWAY, "no_data_dir",
                         "nothing is kept here: the daemon has no folder for "
                         "it (data-dir)");
}

const char *latd_req_header(const struct latd_req *req, const char *name)
{
    return req->get(req, LATD_HEADER, name);
}

const char *latd_req_query(const struct latd_req *req, const char *name)
{
    return req->get(req, LATD_QUERY, name);
}

/* Control characters have no place in a header and become a question mark:
 * what a client sent must not begin a line of its own. */
void latd_reply_header(struct latd_reply *r, const char *name, const char *fmt,
                       ...)
{
    char *value;
    va_list args;

    if (r->n_headers == LATD_HEADERS_MAX)
        return;
    value = r->headers[r->n_headers].value;
    va_start(args, fmt);
    vsnprintf(value, LATD_HEADER_LEN, fmt, args);
    va_end(args);
    for (char *p = value; *p; p++)
        if ((unsigned char)*p < 0x20 || *p == 0x7f)
            *p = '?';
    r->headers[r->n_headers++].name = name;
}

/* Whether list (If-Match, If-None-Match) names tag: "a", W/"b" or * */
static bool etag_in(const char *list, const char *tag)
{
    size_t len = strlen(tag);

    if (strcmp(list, "*") == 0)
        return true;
    for (const char *p = list; (p = strstr(p, tag)) != NULL; p += len)
        if (p > list && p[-1] == '"' && p[len] == '"')
            return true;
    return false;
}

bool latd_reply_etag(struct latd_req *req, const char *tag)
{
    const char *have = latd_req_header(req, "If-None-Match");

    latd_reply_header(&req->reply, "ETag", "\"%s\"", tag);
    if (!have || !*tag || !etag_in(have, tag))
        return false;
    req->reply.status = 304;
    req->reply.body.len = 0;
    return true;
}

void latd_body_tag(char tag[LAT_DIGEST_HEX], const struct lat_buf *body)
{
    uint8_t digest[LAT_DIGEST];
    struct lat_sha256 h;

    lat_sha256_init(&h);
    lat_sha256_add(&h, body->v, body->len);
    lat_sha256_end(&h, digest);
    lat_digest_hex(tag, digest);
    tag[32] = '\0';
}

void latd_reply_etag_body(struct latd_req *req)
{
    char tag[LAT_DIGEST_HEX];

    if (req->reply.body.failed)
        return;
    latd_body_tag(tag, &req->reply.body);
    latd_reply_etag(req, tag);
}

enum lat_code latd_req_match(struct latd_req *req, const char *tag, bool same)
{
    const char *must = latd_req_header(req, "If-Match");
    const char *not = latd_req_header(req, "If-None-Match");
    enum lat_code code = LAT_OK;

    if (must && !(tag && etag_in(must, tag)))
        code = lat_fail_word(&req->err, LAT_EMATCH, "etag_mismatch",
                             tag ? "it was changed since (If-Match)"
                                 : "there is none any more (If-Match)");
    else if (not &&!same && tag && etag_in(not, tag))
        code = lat_fail_word(&req->err, LAT_EMATCH, "etag_mismatch",
                             "there is one already (If-None-Match)");
    /* a change may run twice, when a neighbour's undid it */
    if (code && tag && !req->reply.n_headers)
        latd_reply_header(&req->reply, "ETag", "\"%s\"", tag);
    return code;
}
