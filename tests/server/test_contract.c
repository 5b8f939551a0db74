/* test_contract.c - schema/openapi.json and the code say the same. */
#include "../../server/api.h"
#include "../../server/api/openapi.h"
#include "../../server/parameters.h"
#include "../../server/route.h"
#include "../../server/wire.h"
#include "../../server/wire/similar.h"
#include "../check.h"

#include <jansson.h>

#include <string.h>
#include <strings.h>

static json_t *doc;

typedef enum lat_code latd_decode(struct latd_similar_req *out,
                                  const struct latd_body *body,
                                  const struct latd_embed_limits *limits,
                                  struct lat_err *err);

static const struct {
    const char *name;
    const struct latd_handler *handler;
} handlers[] = {
#define HANDLER(name)       \
    {                       \
#name, &latd_##name \
    }
    HANDLER(livez),
    HANDLER(readyz),
    HANDLER(startupz),
    HANDLER(version),
    HANDLER(metrics_text),
    HANDLER(openapi),
    HANDLER(models_index),
    HANDLER(models_get),
    HANDLER(embeddings),
    HANDLER(embeddings_get),
    HANDLER(validate),
    HANDLER(files_create),
    HANDLER(files_index),
    HANDLER(files_get),
    HANDLER(files_content),
    HANDLER(files_delete_one),
    HANDLER(similarity),
    HANDLER(recordings_query),
    HANDLER(models_remove),
    HANDLER(backup),
    HANDLER(aliases_index),
    HANDLER(aliases_get),
    HANDLER(aliases_put),
    HANDLER(aliases_delete),
    HANDLER(jobs_create),
    HANDLER(jobs_index),
    HANDLER(jobs_get),
    HANDLER(jobs_cancel),
    HANDLER(jobs_pause),
    HANDLER(jobs_resume),
    HANDLER(jobs_events),
    HANDLER(jobs_checkpoints),
    HANDLER(recordings_put_one),
    HANDLER(recordings_put_many),
    HANDLER(recordings_get_one),
    HANDLER(recordings_index),
    HANDLER(recordings_delete_one),
    HANDLER(recordings_of_subject_delete),
    HANDLER(recordings_of_query_delete),
    {"recordings_bulk", &latd_recordings_put_many},
    HANDLER(recordings_export),
    HANDLER(recordings_reembed),
    HANDLER(recordings_reembed_index),
    HANDLER(recordings_reembed_cancel),
#undef HANDLER
};

static int setup(void **state)
{
    UNUSED_STATE;
    latd_wire_init();
    doc = json_loadb((const char *)latd_openapi_json, latd_openapi_json_len,
                     JSON_REJECT_DUPLICATES, NULL);
    return doc ? 0 : -1;
}

static int teardown(void **state)
{
    UNUSED_STATE;
    json_decref(doc);
    return 0;
}

static const struct latd_handler *handler_of(const char *operation)
{
    for (size_t i = 0; i < sizeof(handlers) / sizeof(handlers[0]); i++)
        if (strcmp(handlers[i].name, operation) == 0)
            return handlers[i].handler;
    return NULL;
}

/* The path item of a route: its own, or that of which it is an alias. */
static const json_t *item_of(const char *path)
{
    const char *key;
    json_t *item, *alias;
    size_t i;

    json_object_foreach(json_object_get(doc, "paths"), key, item)
    {
        if (strcmp(key, path) == 0)
            return item;
        json_array_foreach(json_object_get(item, "x-aliases"), i,
                           alias) if (strcmp(json_string_value(alias), path) ==
                                      0) return item;
    }
    return NULL;
}

static const json_t *operation_of(const json_t *item, enum latd_method m)
{
    char method[16] = "";

    for (size_t i = 0; latd_method_name(m)[i] && i < sizeof(method) - 1; i++)
        method[i] = (char)(latd_method_name(m)[i] + 'a' - 'A');
    return json_object_get(item, method);
}

TEST(contract, has_each_route)
{
    UNUSED_STATE;
    CHECK(latd_n_routes() > 10);
    for (size_t i = 1; i < latd_n_routes(); i++) {
        const struct latd_route *r = latd_route(i);
        const json_t *op = operation_of(item_of(r->path), r->method);
        const char *id = json_string_value(json_object_get(op, "operationId"));

        if (!id || handler_of(id) != r->handler)
            print_error("%s %s is not in the contract\n",
                        latd_method_name(r->method), r->path);
        CHECK(id && handler_of(id) == r->handler);
    }
}

static bool has_route(const char *path, const char *method)
{
    for (size_t i = 1; i < latd_n_routes(); i++) {
        const struct latd_route *r = latd_route(i);

        if (strcmp(r->path, path) == 0 &&
            strcasecmp(method, latd_method_name(r->method)) == 0)
            return true;
    }
    print_error("%s %s has no route\n", method, path);
    return false;
}

TEST(contract, has_no_more_than_the_routes)
{
    const char *path, *method;
    json_t *item, *op, *alias;
    size_t i;

    UNUSED_STATE;
    json_object_foreach(json_object_get(doc, "paths"), path, item)
    {
        json_object_foreach(item, method, op)
        {
            if (method[0] == 'x')
                continue;
            CHECK(has_route(path, method));
            json_array_foreach(json_object_get(item, "x-aliases"), i, alias)
                CHECK(has_route(json_string_value(alias), method));
        }
    }
}

/* Itself, or what it refers to. */
static const json_t *resolve(const json_t *p)
{
    const char *ref = json_string_value(json_object_get(p, "$ref"));

    if (!ref)
        return p;
    return json_object_get(
        json_object_get(json_object_get(doc, "components"), "parameters"),
        strrchr(ref, '/') + 1);
}

/* Those of the query, as a set; one that is an object has brackets. */
static json_t *written_of(const json_t *op)
{
    json_t *set = json_object(), *one;
    size_t i;

    json_array_foreach(json_object_get(op, "parameters"), i, one)
    {
        const json_t *p = resolve(one);
        const char *in = json_string_value(json_object_get(p, "in"));
        char name[64];

        snprintf(name, sizeof(name), "%s%s",
                 json_string_value(json_object_get(p, "name")),
                 json_object_get(p, "style") ? "[]" : "");
        if (strcmp(in, "query") == 0)
            json_object_set_new(set, name, json_true());
    }
    return set;
}

TEST(contract, has_the_parameters_that_are_known)
{
    UNUSED_STATE;
    for (size_t i = 1; i < latd_n_routes(); i++) {
        const struct latd_route *r = latd_route(i);
        json_t *set = written_of(operation_of(item_of(r->path), r->method));
        const char *p = latd_parameters_of(r->handler);
        size_t n = 0;

        for (size_t len; *p; p += len + (p[len] == ' '), n++) {
            char name[64];

            len = strcspn(p, " ");
            snprintf(name, sizeof(name), "%.*s", (int)len, p);
            if (!json_object_get(set, name))
                print_error("%s %s: %s is not in the contract\n",
                            latd_method_name(r->method), r->path, name);
            CHECK(json_object_get(set, name));
        }
        if (json_object_size(set) != n)
            print_error("%s %s: the contract has more parameters\n",
                        latd_method_name(r->method), r->path);
        CHECK(json_object_size(set) == n);
        json_decref(set);
    }
}

TEST(contract, has_examples_that_decode)
{
    static const char *const steps[] = {"components",       "requestBodies",
                                        "Embeddings",       "content",
                                        "application/json", "examples"};
    const struct latd_embed_limits limits = {16, false, 50000000};
    json_t *at = doc, *example;
    const char *name;
    size_t n = 0;

    UNUSED_STATE;
    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        at = json_object_get(at, steps[i]);
    json_object_foreach(at, name, example)
    {
        char *text = json_dumps(json_object_get(example, "value"), 0);
        struct latd_body body = {
            .type = "application/json", .data = text, .len = strlen(text)};
        struct latd_embed_req req;
        struct lat_err err = {0};
        enum lat_code code = latd_wire_embed_decode(&req, &body, &limits, &err);

        if (code)
            print_error("%s: %s\n", name, err.msg);
        CHECK(code == LAT_OK);
        latd_wire_embed_fini(&req);
        lat_free(text);
        n++;
    }
    CHECK(n >= 4);
}

/* Of a request body of this path. */
static void check_examples(const char *path, latd_decode *decode, size_t least)
{
    static const char *const steps[] = {"post", "requestBody", "content",
                                        "application/json", "examples"};
    const struct latd_embed_limits limits = {16, false, 50000000};
    json_t *at = json_object_get(json_object_get(doc, "paths"), path), *example;
    const char *name;

    for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++)
        at = json_object_get(at, steps[i]);
    CHECK(json_object_size(at) >= least);
    json_object_foreach(at, name, example)
    {
        char *text = json_dumps(json_object_get(example, "value"), 0);
        struct latd_body body = {
            .type = "application/json", .data = text, .len = strlen(text)};
        struct latd_similar_req req;
        struct lat_err err = {0};
        enum lat_code code = decode(&req, &body, &limits, &err);

        if (code)
            print_error("%s: %s\n", name, err.msg);
        CHECK(code == LAT_OK);
        latd_wire_similar_fini(&req);
        lat_free(text);
    }
}

TEST(contract, has_examples_of_comparisons_that_decode)
{
    UNUSED_STATE;
    check_examples("/v1/similarity", latd_wire_similarity_decode, 2);
    check_examples("/v1/recordings/query", latd_wire_query_decode, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        T(contract, has_each_route),
        T(contract, has_no_more_than_the_routes),
        T(contract, has_the_parameters_that_are_known),
        T(contract, has_examples_that_decode),
        T(contract, has_examples_of_comparisons_that_decode),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
