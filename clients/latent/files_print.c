/* files_print.c - what a server says of files, as lines. */
#include "files.h"

#include <string.h>
#include <time.h>

/* The reply as JSON, or what the server said of its error. */
enum lat_code cli_reply_json(json_t **out, const struct cli_reply *reply,
                             struct lat_err *err)
{
    const char *message;
    json_t *root = json_loadb(reply->body.v ? reply->body.v : "",
                              reply->body.len, 0, NULL);

    if (reply->status / 100 == 2 && root) {
        *out = root;
        return LAT_OK;
    }
    message = json_string_value(
        json_object_get(json_object_get(root, "error"), "message"));
    lat_fail(err, LAT_EIO, "the server answered %ld: %s", reply->status,
             message ? message : "nothing that we understand");
    json_decref(root);
    return LAT_EIO;
}

const char *cli_text_of(const json_t *obj, const char *key)
{
    const char *s = json_string_value(json_object_get(obj, key));

    return s ? s : "?";
}

static long long count_of(const json_t *obj, const char *key)
{
    return (long long)json_integer_value(json_object_get(obj, key));
}

static const char form[] = "%-31s %12s  %-16s %-9s %7s %7s %7s  %s\n";

void cli_file_print_head(void)
{
    printf(form, "id", "bytes", "created", "status", "usable", "refused",
           "people", "name");
}

void cli_file_print(const json_t *f)
{
    const json_t *report = json_object_get(f, "report");
    time_t created = (time_t)count_of(f, "created_at");
    char when[32] = "", n[4][32], name[CLI_VISIBLE];
    struct tm tm;

    if (localtime_r(&created, &tm))
        strftime(when, sizeof(when), "%Y-%m-%d %H:%M", &tm);
    snprintf(n[0], sizeof(n[0]), "%lld", count_of(f, "bytes"));
    snprintf(n[1], sizeof(n[1]), "%lld", count_of(report, "recordings"));
    snprintf(n[2], sizeof(n[2]), "%lld", count_of(report, "rejected"));
    snprintf(n[3], sizeof(n[3]), "%lld", count_of(report, "subjects"));
    if (!json_is_integer(json_object_get(report, "subjects")))
        snprintf(n[3], sizeof(n[3]), "-");
    printf(form, cli_text_of(f, "id"), n[0], when, cli_text_of(f, "status"),
           n[1], n[2], n[3],
           cli_visible(name, sizeof(name), cli_text_of(f, "filename")));
}

/* Why some of it cannot be used. */
void cli_file_print_errors(FILE *to, const json_t *f)
{
    const json_t *report = json_object_get(f, "report");
    const json_t *errors = json_object_get(report, "errors");

    for (size_t i = 0; i < json_array_size(errors); i++) {
        const json_t *e = json_array_get(errors, i);
        const json_t *line = json_object_get(e, "line");
        const char *entry = json_string_value(json_object_get(e, "entry"));
        char name[CLI_VISIBLE];

        fprintf(to, "latent: %s: ",
                cli_visible(name, sizeof(name), cli_text_of(f, "filename")));
        if (line)
            fprintf(to, "line %lld: ", (long long)json_integer_value(line));
        if (entry)
            fprintf(to, "%s: ", cli_visible(name, sizeof(name), entry));
        fprintf(to, "%s\n",
                cli_visible(name, sizeof(name), cli_text_of(e, "reason")));
    }
}
