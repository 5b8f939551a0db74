/* route.c - the table of routes. */
#include "route.h"

#include "api.h"

#include <stdio.h>
#include <string.h>

static const struct latd_route routes[] = {
    {LATD_OTHER, "(none)", NULL, true, LATD_SCOPE_NONE}, /* LATD_ROUTE_NONE */
    {LATD_GET, "/livez", &latd_livez, true, LATD_SCOPE_NONE},
    {LATD_GET, "/readyz", &latd_readyz, true, LATD_SCOPE_NONE},
    {LATD_GET, "/startupz", &latd_startupz, true, LATD_SCOPE_NONE},
    {LATD_GET, "/health", &latd_readyz, true, LATD_SCOPE_NONE},
    {LATD_GET, "/ping", &latd_readyz, true, LATD_SCOPE_NONE},
    {LATD_GET, "/version", &latd_version, true, LATD_SCOPE_NONE},
    {LATD_GET, "/metrics", &latd_metrics_text, true, LATD_SCOPE_READ},
    {LATD_GET, "/openapi.json", &latd_openapi, false, LATD_SCOPE_NONE},
    {LATD_GET, "/v1/models", &latd_models_index, false, LATD_SCOPE_READ},
    {LATD_GET, "/v1/models/{id}", &latd_models_get, false, LATD_SCOPE_READ},
    {LATD_GET, "/models", &latd_models_index, false, LATD_SCOPE_READ},
    {LATD_GET, "/models/{id}", &latd_models_get, false, LATD_SCOPE_READ},
    {LATD_DELETE, "/v1/models/{id}", &latd_models_remove, false,
     LATD_SCOPE_ADMIN},
    {LATD_DELETE, "/models/{id}", &latd_models_remove, false, LATD_SCOPE_ADMIN},
    {LATD_GET, "/v1/aliases", &latd_aliases_index, false, LATD_SCOPE_READ},
    {LATD_GET, "/v1/aliases/{name}", &latd_aliases_get, false, LATD_SCOPE_READ},
    {LATD_PUT, "/v1/aliases/{name}", &latd_aliases_put, false,
     LATD_SCOPE_ADMIN},
    {LATD_DELETE, "/v1/aliases/{name}", &latd_aliases_delete, false,
     LATD_SCOPE_ADMIN},
    {LATD_GET, "/v1/backup", &latd_backup, false, LATD_SCOPE_ADMIN},
    {LATD_POST, "/v1/embeddings", &latd_embeddings, false, LATD_SCOPE_EMBED},
    {LATD_POST, "/embeddings", &latd_embeddings, false, LATD_SCOPE_EMBED},
    {LATD_GET, "/v1/embeddings/{digest}", &latd_embeddings_get, false,
     LATD_SCOPE_READ},
    {LATD_GET, "/embeddings/{digest}", &latd_embeddings_get, false,
     LATD_SCOPE_READ},
    {LATD_POST, "/v1/files", &latd_files_create, false, LATD_SCOPE_TRAIN},
    {LATD_GET, "/v1/files", &latd_files_index, false, LATD_SCOPE_READ},
    {LATD_GET, "/v1/files/{id}", &latd_files_get, false, LATD_SCOPE_READ},
    {LATD_DELETE, "/v1/files/{id}", &latd_files_delete_one, false,
     LATD_SCOPE_TRAIN},
    {LATD_GET, "/v1/files/{id}/content", &latd_files_content, false,
     LATD_SCOPE_TRAIN},
    {LATD_POST, "/v1/fine_tuning/jobs", &latd_jobs_create, false,
     LATD_SCOPE_TRAIN},
    {LATD_GET, "/v1/fine_tuning/jobs", &latd_jobs_index, false,
     LATD_SCOPE_READ},
    {LATD_GET, "/v1/fine_tuning/jobs/{id}", &latd_jobs_get, false,
     LATD_SCOPE_READ},
    {LATD_POST, "/v1/fine_tuning/jobs/{id}/cancel", &latd_jobs_cancel, false,
     LATD_SCOPE_TRAIN},
    {LATD_POST, "/v1/fine_tuning/jobs/{id}/pause", &latd_jobs_pause, false,
     LATD_SCOPE_TRAIN},
    {LATD_POST, "/v1/fine_tuning/jobs/{id}/resume", &latd_jobs_resume, false,
     LATD_SCOPE_TRAIN},
    {LATD_GET, "/v1/fine_tuning/jobs/{id}/events", &latd_jobs_events, false,
     LATD_SCOPE_READ},
    {LATD_GET, "/v1/fine_tuning/jobs/{id}/checkpoints", &latd_jobs_checkpoints,
     false, LATD_SCOPE_READ},
    {LATD_POST, "/v1/validate", &latd_validate, false, LATD_SCOPE_EMBED},
    {LATD_POST, "/v1/similarity", &latd_similarity, false, LATD_SCOPE_EMBED},
    {LATD_POST, "/v1/recordings/query", &latd_recordings_query, false,
     LATD_SCOPE_READ},
    {LATD_POST, "/v1/recordings", &latd_recordings_put_many, false,
     LATD_SCOPE_EMBED},
    {LATD_POST, "/v1/recordings/bulk", &latd_recordings_put_many, false,
     LATD_SCOPE_EMBED},
    {LATD_DELETE, "/v1/recordings", &latd_recordings_of_query_delete, false,
     LATD_SCOPE_ADMIN},
    {LATD_GET, "/v1/recordings", &latd_recordings_index, false,
     LATD_SCOPE_READ},
    {LATD_GET, "/v1/recordings/export", &latd_recordings_export, false,
     LATD_SCOPE_READ},
    {LATD_POST, "/v1/recordings/reembed", &latd_recordings_reembed, false,
     LATD_SCOPE_EMBED},
    {LATD_GET, "/v1/recordings/reembed", &latd_recordings_reembed_index, false,
     LATD_SCOPE_READ},
    {LATD_DELETE, "/v1/recordings/reembed", &latd_recordings_reembed_cancel,
     false, LATD_SCOPE_EMBED},
    {LATD_PUT, "/v1/recordings/{id}", &latd_recordings_put_one, false,
     LATD_SCOPE_EMBED},
    {LATD_GET, "/v1/recordings/{id}", &latd_recordings_get_one, false,
     LATD_SCOPE_READ},
    {LATD_DELETE, "/v1/recordings/{id}", &latd_recordings_delete_one, false,
     LATD_SCOPE_EMBED},
    {LATD_DELETE, "/v1/subjects/{subject}", &latd_recordings_of_subject_delete,
     false, LATD_SCOPE_ADMIN},
};

enum { N_ROUTES = sizeof(routes) / sizeof(routes[0]) };

_Static_assert((int)N_ROUTES <= (int)LATD_ROUTES_MAX, "room in the metrics");

/* A path as it is read: what is percent-encoded stands for itself, so that an
 * encoded slash is part of a segment. */
struct reading {
    const char *at;
    bool encoded; /* %2F and the like are there */
    bool escaped; /* the last letter was one of them */
    size_t n;     /* bytes of the segment at {id} */
};

/* The next letter, 0 at the end; -1 for an encoded NUL, which is in no name. */
static int next(struct reading *r)
{
    int high = -1, low = -1;

    r->escaped = false;
    if (!*r->at)
        return 0;
    if (r->encoded && *r->at == '%') {
        high = lat_hex_value(r->at[1]);
        low = high < 0 ? -1 : lat_hex_value(r->at[2]);
    }
    if (low < 0)
        return (unsigned char)*r->at++;
    r->at += 3;
    r->escaped = true;
    return high * 16 + low ? high * 16 + low : -1;
}

static bool reads(struct reading *r, const char *form)
{
    for (; *form && *form != '{'; form++)
        if (next(r) != (unsigned char)*form || (r->escaped && *form == '/'))
            return false;
    return *form || next(r) == 0;
}

/* One segment, decoded; what is too long for param is counted. */
static bool reads_param(struct reading *r, char *param, size_t len)
{
    while (*r->at && *r->at != '/') {
        int c = next(r);

        if (c < 0)
            return false;
        if (r->n + 1 < len)
            param[r->n] = (char)c;
        r->n++;
    }
    param[r->n < len ? r->n : len - 1] = '\0';
    return r->n > 0;
}

/* Does the path fit the template?  What stands at {id} goes to param, and *n
 * is how long it is. */
static bool fits(struct latd_req *req, const char *form, size_t *n)
{
    struct reading r = {.at = req->target ? req->target : req->path,
                        .encoded = req->target != NULL};
    const char *open = strchr(form, '{');

    if (!reads(&r, form))
        return false;
    if (open && !(reads_param(&r, req->param, sizeof(req->param)) &&
                  reads(&r, strchr(open, '}') + 1)))
        return false;
    *n = r.n;
    return true;
}

static enum lat_code check_length(struct latd_req *req, size_t n,
                                  const char *form)
{
    const char *open = strchr(form, '{');

    if (n < sizeof(req->param))
        return LAT_OK;
    return lat_at(&req->err,
                  lat_fail(&req->err, LAT_EINVAL,
                           "%.*s in %s has %zu bytes, expected at most %zu",
                           (int)strcspn(open, "}") + 1, open, form, n,
                           sizeof(req->param) - 1),
                  "%.*s", (int)strcspn(open, "}") - 1, open + 1);
}

static void add_allow(char *allow, size_t len, const char *method)
{
    size_t at = strlen(allow);

    snprintf(allow + at, len - at, "%s%s", at ? ", " : "", method);
}

enum lat_code latd_route_find(size_t *index, struct latd_req *req, char *allow,
                              size_t allow_len)
{
    enum latd_method method = req->method == LATD_HEAD ? LATD_GET : req->method;

    size_t n = 0;

    allow[0] = '\0';
    req->param[0] = '\0';
    for (size_t i = 1; i < N_ROUTES; i++) {
        if (!fits(req, routes[i].path, &n))
            continue;
        if (routes[i].method == method) {
            *index = i;
            return check_length(req, n, routes[i].path);
        }
        if (routes[i].method == LATD_GET)
            add_allow(allow, allow_len, "GET, HEAD");
        else
            add_allow(allow, allow_len, latd_method_name(routes[i].method));
    }
    if (!allow[0])
        return lat_fail(&req->err, LAT_ENOENT, "no such path: %.200s",
                        req->path);
    return lat_fail(&req->err, LAT_EMETHOD, "%s is not for %.200s, use %s",
                    req->verb[0] ? req->verb : latd_method_name(req->method),
                    req->path, allow);
}

const struct latd_route *latd_route(size_t index)
{
    return &routes[index];
}

size_t latd_n_routes(void)
{
    return N_ROUTES;
}
