/* test_route.c - paths to handlers. */
#include "../../server/api.h"
#include "../../server/parameters.h"
#include "../../server/route.h"
#include "../check.h"

#include <string.h>

static enum lat_code find(enum latd_method method, const char *path,
                          struct latd_req *req, char allow[64],
                          const struct latd_handler **handler)
{
    size_t index = 0;
    enum lat_code code;

    *req = (struct latd_req){.method = method, .path = path};
    code = latd_route_find(&index, req, allow, 64);
    *handler = code ? NULL : latd_route(index)->handler;
    return code;
}

TEST(route, finds_literal_paths_and_head_as_get)
{
    const struct latd_handler *h;
    struct latd_req req;
    char allow[64];

    UNUSED_STATE;
    CHECK(find(LATD_GET, "/livez", &req, allow, &h) == LAT_OK);
    CHECK(h == &latd_livez);
    CHECK(find(LATD_HEAD, "/v1/models", &req, allow, &h) == LAT_OK);
    CHECK(h == &latd_models_index);
    CHECK(find(LATD_GET, "/models", &req, allow, &h) == LAT_OK);
    CHECK(h == &latd_models_index);
}

TEST(route, takes_one_segment_for_id)
{
    const struct latd_handler *h;
    struct latd_req req;
    char allow[64], longer[400] = "/v1/models/";

    UNUSED_STATE;
    CHECK(find(LATD_GET, "/v1/models/ecg-scl@3", &req, allow, &h) == LAT_OK);
    CHECK(h == &latd_models_get);
    assert_string_equal(req.param, "ecg-scl@3");
    CHECK(find(LATD_GET, "/v1/models/", &req, allow, &h) == LAT_ENOENT);
    CHECK(find(LATD_GET, "/v1/models/a/b", &req, allow, &h) == LAT_ENOENT);
    memset(longer + strlen(longer), 'x', 255);
    CHECK(find(LATD_GET, longer, &req, allow, &h) == LAT_OK);
    CHECK(strlen(req.param) == 255);
    strcat(longer, "x");
    CHECK(find(LATD_GET, longer, &req, allow, &h) == LAT_EINVAL);
    CHECK(strstr(req.err.msg, "256 bytes") && strstr(req.err.msg, "most 255"));
    assert_string_equal(req.err.param, "id");
    CHECK(find(LATD_POST, longer, &req, allow, &h) == LAT_EMETHOD);
    strcat(longer, "/b");
    CHECK(find(LATD_GET, longer, &req, allow, &h) == LAT_ENOENT);
}

/* As it was sent: an encoded slash is no end of a segment, nor one of ours. */
TEST(route, decodes_what_it_finds)
{
    static const struct {
        const char *target, *param; /* NULL: no such path */
    } cases[] = {
        {"/v1/recordings/a%2Fb", "a/b"},
        {"/v1/recordings/%E6%97%A5", "\xe6\x97\xa5"},
        {"/v1/recordings/100%25", "100%"},
        {"/v1/recordings/100%", "100%"},
        {"/v1/recordings/%zz%2", "%zz%2"},
        {"/v1/recordings/a+b", "a+b"},
        {"/v1/%72ecordings/a", "a"},
        {"/v1/recordings/%2e%2E", ".."},
        {"/v1%2Frecordings/a", NULL},
        {"/v1/recordings/a%00b", NULL},
        {"/v1/recordings/a/b", NULL},
    };
    size_t index;
    char allow[64];

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct latd_req req = {
            .method = LATD_GET, .path = "unused", .target = cases[i].target};
        enum lat_code code = latd_route_find(&index, &req, allow, 64);

        CHECK(code == (cases[i].param ? LAT_OK : LAT_ENOENT));
        if (!code)
            assert_string_equal(req.param, cases[i].param);
    }
}

TEST(route, says_which_methods_a_path_has)
{
    const struct latd_handler *h;
    struct latd_req req;
    char allow[64];

    UNUSED_STATE;
    CHECK(find(LATD_POST, "/livez", &req, allow, &h) == LAT_EMETHOD);
    assert_string_equal(allow, "GET, HEAD");
    CHECK(find(LATD_OPTIONS, "/v1/models", &req, allow, &h) == LAT_EMETHOD);
    CHECK(find(LATD_OTHER, "/v1/models", &req, allow, &h) == LAT_EMETHOD);
    CHECK(strstr(req.err.msg, "OTHER is not for"));
    CHECK(find(LATD_GET, "/nope", &req, allow, &h) == LAT_ENOENT);
    CHECK(strstr(req.err.msg, "/nope"));
    CHECK(find(LATD_GET, "/livez/", &req, allow, &h) == LAT_ENOENT);
    CHECK(find(LATD_GET, "", &req, allow, &h) == LAT_ENOENT);
}

TEST(route, names_the_method_that_was_sent)
{
    struct latd_req req = {
        .method = LATD_OTHER, .verb = "PATCH", .path = "/v1/models"};
    char allow[64];
    size_t index;

    UNUSED_STATE;
    CHECK(latd_route_find(&index, &req, allow, 64) == LAT_EMETHOD);
    CHECK(strstr(req.err.msg, "PATCH is not for /v1/models, use GET, HEAD"));
}

/* ---- parameters ---- */

static const char *const *sent; /* names, to a NULL */

static void each(const struct latd_req *req, enum latd_place place,
                 void (*fn)(void *arg, const char *name, const char *value),
                 void *arg)
{
    (void)req;
    for (size_t i = 0; place == LATD_QUERY && sent[i]; i++)
        fn(arg, sent[i], "");
}

static enum lat_code check(struct latd_req *req,
                           const struct latd_handler *handler,
                           const char *const *names)
{
    const struct latd_route route = {
        .method = LATD_PUT, .path = "/v1/some", .handler = handler};

    sent = names;
    *req = (struct latd_req){.each = each};
    return latd_parameters_check(req, &route);
}

TEST(parameters, are_those_that_an_operation_knows)
{
    static const struct {
        const struct latd_handler *handler;
        const char *names[4];
        const char *bad; /* NULL: none of them */
    } cases[] = {
        {&latd_livez, {NULL}, NULL},
        {&latd_livez, {"t"}, "t"},
        {&latd_files_index, {"after", "limit", "order"}, NULL},
        {&latd_files_index, {"limit", "ordre"}, "ordre"},
        {&latd_files_index, {"orde"}, "orde"},
        {&latd_files_index, {"orders"}, "orders"},
        {&latd_files_index, {""}, ""},
        {&latd_files_index, {"limit", "limit"}, "limit"},
        {&latd_files_index, {"metadata[a]"}, "metadata[a]"},
        {&latd_jobs_index, {"metadata[a]", "metadata[b]"}, NULL},
        {&latd_jobs_index, {"metadata[a]", "metadata[a]"}, NULL},
        {&latd_jobs_index, {"metadata[]"}, NULL},
        {&latd_jobs_index, {"metadata"}, "metadata"},
        {&latd_jobs_index, {"metadata[a"}, "metadata[a"},
        {&latd_recordings_put_one, {"metadata"}, NULL},
        {&latd_recordings_put_one, {"metadata[]"}, "metadata[]"},
    };
    struct latd_req req;

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        enum lat_code code = check(&req, cases[i].handler, cases[i].names);

        CHECK(code == (cases[i].bad ? LAT_EINVAL : LAT_OK));
        assert_string_equal(req.err.param, cases[i].bad ? cases[i].bad : "");
    }
}

/* Where most of them are known, the last is still in the message. */
TEST(parameters, are_all_named_to_who_sent_another)
{
    static const char name[] =
        "one-that-is-so-long-that-nobody-needs-to-read-it-to-its-very-end";
    struct latd_req req;

    UNUSED_STATE;
    CHECK(check(&req, &latd_recordings_put_one,
                (const char *const[]){name, NULL}) == LAT_EINVAL);
    CHECK(strstr(req.err.msg, "unknown parameter \"one-that-is-so-"));
    CHECK(strstr(req.err.msg, "knows model, modality, "));
    CHECK(strstr(req.err.msg, ", subject, metadata, store_waveform"));
    CHECK(check(&req, &latd_embeddings, (const char *const[]){name, NULL}) ==
          LAT_EINVAL);
    CHECK(strstr(req.err.msg, ", dimensions, gate_mode"));
    assert_string_equal(req.err.word, "unknown_parameter");
    CHECK(check(&req, &latd_livez, (const char *const[]){"t", NULL}) ==
          LAT_EINVAL);
    CHECK(strstr(req.err.msg, "\"t\" in the query of PUT /v1/some, which "
                              "knows none"));
}

TEST(route, rows_are_whole)
{
    UNUSED_STATE;
    CHECK(latd_n_routes() > 1);
    for (size_t i = 1; i < latd_n_routes(); i++) {
        const struct latd_route *r = latd_route(i);

        CHECK(r->path[0] == '/' && r->handler);
        CHECK(r->handler->reply || r->handler->store);
        CHECK(r->method != LATD_HEAD && r->method != LATD_OTHER);
    }
}

/* ---- what handlers call ---- */

static const char *etag_sent(const struct latd_req *req, enum latd_place place,
                             const char *name)
{
    (void)req;
    return place == LATD_HEADER && strcmp(name, "If-None-Match") == 0
               ? "\"abc\", W/\"d\""
               : NULL;
}

TEST(reply, with_a_tag_that_the_client_has_is_empty)
{
    struct latd_req req = {.get = etag_sent};

    UNUSED_STATE;
    lat_buf_puts(&req.reply.body, "body");
    CHECK(!latd_reply_etag(&req, "ab"));
    CHECK(req.reply.status == 0 && req.reply.body.len == 4);
    CHECK(latd_reply_etag(&req, "d"));
    CHECK(req.reply.status == 304 && req.reply.body.len == 0);
    assert_string_equal(req.reply.headers[1].value, "\"d\"");
    lat_buf_fini(&req.reply.body);
}

TEST(reply, headers_hold_no_line_breaks_and_never_overflow)
{
    struct latd_req req = {.get = etag_sent};
    char lng[1000];

    UNUSED_STATE;
    memset(lng, 'x', sizeof(lng) - 1);
    lng[sizeof(lng) - 1] = '\0';
    latd_reply_header(&req.reply, "A", "a\r\nSet-Cookie: b");
    CHECK(!strpbrk(req.reply.headers[0].value, "\r\n"));
    for (int i = 0; i < 2 * LATD_HEADERS_MAX; i++)
        latd_reply_header(&req.reply, "B", "%s", lng);
    CHECK(req.reply.n_headers == LATD_HEADERS_MAX);
}

/* ---- the probes ---- */

static unsigned probe(const struct latd_handler *h, enum latd_state state,
                      bool failing)
{
    struct latd_app app = {0};
    struct latd_req req = {.app = &app, .get = etag_sent};
    unsigned status;

    atomic_store(&app.state, state);
    atomic_store(&app.failing, failing);
    CHECK(h->reply(&req) == LAT_OK);
    status = req.reply.status ? req.reply.status : 200;
    CHECK(strstr(req.reply.body.v, status == 200 ? "\"ok\"" : "reasons"));
    lat_buf_fini(&req.reply.body);
    return status;
}

TEST(probes, tell_the_state_of_the_process)
{
    UNUSED_STATE;
    for (int s = LATD_LOADING; s <= LATD_STOPPING; s++)
        CHECK(probe(&latd_livez, (enum latd_state)s, true) == 200);
    CHECK(probe(&latd_startupz, LATD_LOADING, false) == 503);
    CHECK(probe(&latd_startupz, LATD_READY, false) == 200);
    CHECK(probe(&latd_readyz, LATD_LOADING, false) == 503);
    CHECK(probe(&latd_readyz, LATD_READY, true) == 503);
    CHECK(probe(&latd_readyz, LATD_DRAINING, false) == 503);
    CHECK(probe(&latd_readyz, LATD_STOPPING, false) == 503);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(route, finds_literal_paths_and_head_as_get),
        T(route, takes_one_segment_for_id),
        T(route, decodes_what_it_finds),
        T(route, says_which_methods_a_path_has),
        T(route, names_the_method_that_was_sent),
        T(route, rows_are_whole),
        T(parameters, are_those_that_an_operation_knows),
        T(parameters, are_all_named_to_who_sent_another),
        T(reply, with_a_tag_that_the_client_has_is_empty),
        T(reply, headers_hold_no_line_breaks_and_never_overflow),
        T(probes, tell_the_state_of_the_process),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
