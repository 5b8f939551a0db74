/* similar.c - latent similar: a server's recordings that are most alike. */
#include "embedding.h"
#include "http.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct options {
    struct cli_asked asked; /* first, for CLI_ASKED_OPTIONS */
    const char *partition, *weights, *metric;
    struct cli_list where, unlike;
    uint64_t limit, offset;
    double threshold;
    bool explain, payload, json, is_file, is_id, best_window;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    CLI_ASKED_OPTIONS,
    {"partition", 'p', "PART",
     "compare by invariant (default), variant or free", CLI_TEXT,
     AT(partition)},
    {"weights", 0, "PART=W,...",
     "compare by several, as invariant=1,variant=-1", CLI_TEXT, AT(weights)},
    {"metric", 0, "METRIC", "cosine or dot", CLI_TEXT, AT(metric)},
    {"best-window", 0, NULL,
     "by the two windows that are most alike, not by their mean", CLI_FLAG,
     AT(best_window)},
    {"where", 0, "KEY=VALUE", "only those whose metadata say so", CLI_LIST,
     AT(where)},
    {"unlike", 0, "KEY=VALUE", "only those whose metadata do not say so",
     CLI_LIST, AT(unlike)},
    {"limit", 'n', "N", "how many; default 10", CLI_COUNT, AT(limit)},
    {"offset", 0, "N", "leave out so many of the first", CLI_COUNT, AT(offset)},
    {"threshold", 0, "SCORE", "none below it", CLI_NUMBER, AT(threshold)},
    {"explain", 0, NULL, "say by which partitions and dimensions", CLI_FLAG,
     AT(explain)},
    {"payload", 0, NULL, "show metadata", CLI_FLAG, AT(payload)},
    {"file", 0, NULL, "the operand is a file, even when it is not there",
     CLI_FLAG, AT(is_file)},
    {"id", 0, NULL, "the operand is an id, even when there is such a file",
     CLI_FLAG, AT(is_id)},
    {"json", 'j', NULL, "the server's reply as it is", CLI_FLAG, AT(json)},
    {0},
};

/* ---- the question ---- */

static bool is_file(const struct options *o, const char *what)
{
    char header[4096];

    snprintf(header, sizeof(header), "%s.hea", what);
    return !o->is_id &&
           (o->is_file || access(what, F_OK) == 0 || access(header, F_OK) == 0);
}

/* The mean of all windows, as the server makes one; mean (dims). */
static enum lat_code mean_of(float *mean, const struct cli_embeddings *e,
                             struct lat_err *err)
{
    struct lat_search_shape shape = {
        .dims = e->dims, .n_ranges = 1, .ranges = {{0, e->dims}}};
    float *all = lat_calloc(e->n * e->dims, sizeof(*all));
    enum lat_code code;

    if (!all)
        return lat_fail(err, LAT_ENOMEM, "%zu windows", e->n);
    if (e->partitioned) {
        shape.n_ranges = LAT_N_BLOCKS;
        memcpy(shape.ranges, e->blocks, sizeof(e->blocks));
    }
    for (size_t i = 0; i < e->n; i++)
        memcpy(all + i * e->dims, e->items[i].z, e->dims * sizeof(*all));
    code = lat_search_mean(mean, &shape, all, e->n, err);
    lat_free(all);
    return code;
}

static enum lat_code put_mean(struct lat_buf *b, const struct cli_embeddings *e,
                              struct lat_err *err)
{
    float *mean = lat_calloc(e->dims, sizeof(*mean));
    enum lat_code code;

    if (!mean)
        return lat_fail(err, LAT_ENOMEM, "%zu dimensions", e->dims);
    code = mean_of(mean, e, err);
    if (!code) {
        lat_buf_puts(b, "\"query\":{\"embedding\":");
        cli_put_floats(b, mean, e->dims);
        lat_buf_puts(b, ",\"model\":");
        cli_put_string(b, e->model);
        lat_buf_puts(b, "}");
    }
    lat_free(mean);
    return code;
}

/* A file is asked for by one vector of all its windows. */
static enum lat_code put_file(struct lat_buf *b, char model[160],
                              const struct options *o, const char *path,
                              struct lat_err *err)
{
    struct cli_embeddings e = {0};
    struct cli_asked asked = o->asked;
    enum lat_code code;

    asked.model = model;
    code = cli_remote_embed(&asked, path, 0, &e, err);
    if (!code && o->best_window && e.n > 1)
        code = lat_fail(err, LAT_EINVAL,
                        "%s has %zu windows: --best-window compares those of a "
                        "recording of the server; add the file first (latent "
                        "recordings add)",
                        path, e.n);
    if (!code) {
        snprintf(model, 160, "%s", e.model);
        code = put_mean(b, &e, err);
    }
    cli_embeddings_fini(&e);
    return code;
}

/* A number, true or false as they are; all else is a text. */
static void put_value(struct lat_buf *b, const char *text)
{
    const char *end = lat_number_scan(&(float){0}, text, text + strlen(text));

    if ((end && !*end) || strcmp(text, "true") == 0 ||
        strcmp(text, "false") == 0)
        lat_buf_puts(b, text);
    else
        cli_put_string(b, text);
}

static enum lat_code put_conditions(struct lat_buf *b, const char *group,
                                    const struct cli_list *list,
                                    struct lat_err *err)
{
    lat_buf_printf(b, "\"%s\":[", group);
    for (size_t i = 0; i < list->n; i++) {
        const char *equals = strchr(list->v[i], '=');
        char key[256];

        if (!equals || equals == list->v[i] ||
            (size_t)(equals - list->v[i]) >= sizeof(key))
            return lat_fail(err, LAT_EINVAL, "%s: expected KEY=VALUE",
                            list->v[i]);
        snprintf(key, sizeof(key), "%.*s", (int)(equals - list->v[i]),
                 list->v[i]);
        lat_buf_puts(b, i ? ",{\"key\":" : "{\"key\":");
        cli_put_string(b, key);
        lat_buf_puts(b, ",\"match\":{\"value\":");
        put_value(b, equals + 1);
        lat_buf_puts(b, "}}");
    }
    lat_buf_puts(b, "]");
    return LAT_OK;
}

/* "invariant=1,variant=-0.5" */
static enum lat_code put_weights(struct lat_buf *b, const char *text,
                                 struct lat_err *err)
{
    const char *comma = "";

    lat_buf_puts(b, ",\"weights\":{");
    while (*text) {
        size_t len = strcspn(text, ","), name = strcspn(text, "=,");
        const char *number = text + name + 1, *end = text + len;

        if (name == len || lat_number_scan(&(float){0}, number, end) != end)
            return lat_fail(err, LAT_EINVAL,
                            "--weights %s: expected PART=NUMBER", text);
        lat_buf_printf(b, "%s\"%.*s\":%.*s", comma, (int)name, text,
                       (int)(len - name - 1), number);
        text += len + (text[len] == ',');
        comma = ",";
    }
    lat_buf_puts(b, "}");
    return LAT_OK;
}

/* The one that was named or, of several, the one that reads the file. */
static enum lat_code which_model(char model[160], const struct options *o,
                                 const char *what, struct lat_err *err)
{
    char path[4096], *const files[] = {path};

    if (o->asked.model) {
        snprintf(model, 160, "%s", o->asked.model);
        return LAT_OK;
    }
    snprintf(path, sizeof(path), "%s", what);
    return cli_choose_model(model, &o->asked, files, is_file(o, what) ? 1 : 0,
                            err);
}

static enum lat_code put_question(struct lat_buf *b, const struct options *o,
                                  const char *what, struct lat_err *err)
{
    char model[160] = "";
    enum lat_code code = which_model(model, o, what, err);

    lat_buf_puts(b, "{");
    if (code)
        return code;
    if (is_file(o, what)) {
        code = put_file(b, model, o, what, err);
    } else {
        lat_buf_puts(b, "\"query\":{\"recording\":");
        cli_put_string(b, what);
        lat_buf_puts(b, "}");
    }
    lat_buf_puts(b, ",\"model\":");
    cli_put_string(b, model);
    if (!code && o->weights)
        code = put_weights(b, o->weights, err);
    if (o->partition)
        lat_buf_printf(b, ",\"using\":\"%s\"", o->partition);
    if (o->metric)
        lat_buf_printf(b, ",\"metric\":\"%s\"", o->metric);
    if (o->best_window)
        lat_buf_puts(b, ",\"match\":\"best_window\"");
    lat_buf_puts(b, ",\"filter\":{");
    if (!code)
        code = put_conditions(b, "must", &o->where, err);
    lat_buf_puts(b, ",");
    if (!code)
        code = put_conditions(b, "must_not", &o->unlike, err);
    lat_buf_printf(b, "},\"limit\":%llu,\"offset\":%llu",
                   (unsigned long long)(o->limit ? o->limit : 10),
                   (unsigned long long)o->offset);
    if (o->threshold == o->threshold)
        lat_buf_printf(b, ",\"score_threshold\":%.9g", o->threshold);
    lat_buf_printf(b, ",\"with_payload\":%s%s}", o->payload ? "true" : "false",
                   o->explain ? ",\"explain\":{\"top_dims\":5}" : "");
    if (!code && b->failed)
        code = lat_fail(err, LAT_ENOMEM, "a question");
    return code;
}

/* ---- the answer ---- */

static void print_why(const json_t *hit)
{
    const json_t *parts = json_object_get(hit, "by_partition"), *dim;
    const char *name;
    json_t *value;
    size_t i;

    json_object_foreach((json_t *)parts, name, value)
        printf("  %s %.4f", name, json_number_value(value));
    if (json_object_size(parts))
        printf("\n     ");
    json_array_foreach(json_object_get(hit, "explain"), i, dim)
        printf("  [%lld] %+.4f",
               (long long)json_integer_value(json_object_get(dim, "dim")),
               json_number_value(json_object_get(dim, "contribution")));
    printf("\n");
}

static void print_windows(const json_t *windows)
{
    if (windows)
        printf("  window %lld with its %lld",
               (long long)json_integer_value(json_object_get(windows, "query")),
               (long long)json_integer_value(
                   json_object_get(windows, "recording")));
}

static void print_hit(size_t rank, const json_t *hit)
{
    const json_t *percentile = json_object_get(hit, "percentile");
    const json_t *payload = json_object_get(hit, "payload");
    const char *said = json_string_value(json_object_get(hit, "id"));
    char *text = payload ? json_dumps(payload, JSON_COMPACT) : NULL;
    char id[CLI_VISIBLE];

    printf("%4zu  %8.4f", rank,
           json_number_value(json_object_get(hit, "score")));
    if (percentile)
        printf("  %7.2f %%", json_number_value(percentile));
    else
        printf("  %9s", "");
    printf("  %s%s%s", cli_visible(id, sizeof(id), said ? said : "?"),
           text ? "  " : "", text ? text : "");
    free(text);
    print_windows(json_object_get(hit, "windows"));
    printf("\n");
    if (json_object_get(hit, "explain")) {
        printf("     ");
        print_why(hit);
    }
}

static void print_table(const json_t *root, size_t offset)
{
    const json_t *data = json_object_get(root, "data"), *hit;
    size_t i;

    printf("%4s  %8s  %9s  %s\n", "", "score", "less like", "recording");
    json_array_foreach(data, i, hit) print_hit(offset + i + 1, hit);
    printf("%lld compared, by %s%s\n",
           (long long)json_integer_value(json_object_get(root, "searched")),
           json_string_value(json_object_get(root, "model")),
           json_is_true(json_object_get(root, "has_more"))
               ? "; there are more (--limit, --offset)"
               : "");
    if (json_integer_value(json_object_get(root, "without_windows")))
        printf("%lld not compared: only the mean of their windows is kept\n",
               (long long)json_integer_value(
                   json_object_get(root, "without_windows")));
}

static enum lat_code print(const struct options *o,
                           const struct cli_reply *reply, struct lat_err *err)
{
    json_t *root = json_loadb(reply->body.v ? reply->body.v : "",
                              reply->body.len, 0, NULL);
    const char *msg = json_string_value(
        json_object_get(json_object_get(root, "error"), "message"));
    enum lat_code code = LAT_OK;

    if (reply->status != 200)
        code = lat_fail(err, LAT_EIO, "%s",
                        msg ? msg : "the server does not say what is wrong");
    else if (o->json)
        code = cli_write(&reply->body, NULL, err);
    else
        print_table(root, (size_t)o->offset);
    json_decref(root);
    return code;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {.threshold = strtod("nan", NULL)};
    struct cli_reply reply = {0};
    struct lat_buf body = {0};
    struct lat_err err = {0};
    enum lat_code code;
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first + 1 != argc)
        return cli_misuse(cmd, "one recording or file must be given");
    if (o.partition && !cli_is_partition(o.partition))
        return cli_misuse(cmd,
                          "--partition %s: must be invariant, variant or free",
                          o.partition);
    if (o.partition && o.weights)
        return cli_misuse(cmd, "--partition or --weights, not both");
    if (cli_asked_check(&o.asked, &err))
        return cli_misuse(cmd, "%s", err.msg);
    if (!o.asked.server)
        return cli_misuse(cmd, "--server must be given, or LATENT_SERVER set");
    code = put_question(&body, &o, argv[first], &err);
    if (!code)
        code = cli_http_post_json(&reply, o.asked.server,
                                  "/v1/recordings/query", &body, &err);
    if (!code)
        code = print(&o, &reply, &err);
    cli_reply_fini(&reply);
    lat_buf_fini(&body);
    return code ? cli_report(&err) : CLI_OK;
}

const struct cli_command cli_similar = {
    "similar",
    "RECORDING|FILE",
    "Find the recordings of a server that are most alike",
    "What is a file, or a WFDB record, is embedded by the server; all else is "
    "the\n"
    "id of a recording that the server has.  \"less like\" is the share of "
    "pairs "
    "of\ndifferent subjects that are less alike, where the model's card "
    "tells.\n",
    options,
    run,
};
