/* recordings_print.c - recordings, for people. */
#include "recordings.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

const char *cli_recordings_text(const json_t *obj, const char *name)
{
    const char *text = json_string_value(json_object_get(obj, name));

    return text ? text : "-";
}

static const char *time_of(char text[32], const json_t *obj, const char *name)
{
    time_t t = (time_t)json_integer_value(json_object_get(obj, name));
    struct tm tm;

    if (!gmtime_r(&t, &tm) || strftime(text, 32, "%Y-%m-%d %H:%M:%S", &tm) == 0)
        return "-";
    return text;
}

static const char form[] = "%-28s %-14s %-19s  %-24s %s\n";

void cli_recordings_print_head(void)
{
    printf(form, "recording", "subject", "changed (UTC)", "vectors",
           "metadata");
}

/* "toy@1 x4, other@1". */
static void put_models(struct lat_buf *b, const json_t *r)
{
    const json_t *list = json_object_get(r, "embeddings");

    for (size_t i = 0; i < json_array_size(list); i++) {
        const json_t *e = json_array_get(list, i);
        json_int_t n = json_integer_value(json_object_get(e, "windows"));

        lat_buf_printf(b, "%s%s", i ? ", " : "",
                       cli_recordings_text(e, "model"));
        if (n > 1)
            lat_buf_printf(b, " x%" PRId64, (int64_t)n);
    }
}

void cli_recordings_print_row(const json_t *r)
{
    struct lat_buf models = {0};
    char *metadata = json_dumps(json_object_get(r, "metadata"), JSON_COMPACT);
    char when[32], id[CLI_VISIBLE], subject[CLI_VISIBLE];

    put_models(&models, r);
    printf(form, cli_visible(id, sizeof(id), cli_recordings_text(r, "id")),
           cli_visible(subject, sizeof(subject),
                       cli_recordings_text(r, "subject")),
           time_of(when, r, "changed_at"), models.v ? models.v : "",
           metadata ? metadata : "");
    free(metadata);
    lat_buf_fini(&models);
}

/* An array on lines of its own, as JSON. */
static void print_array(const char *name, const json_t *value)
{
    char *text = value ? json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY |
                                               JSON_REAL_PRECISION(9))
                       : NULL;

    if (text)
        printf("  %s: %s\n", name, text);
    free(text);
}

static void print_embedding(const json_t *e)
{
    printf("embedding:  %s, %" PRId64 " window(s) of %" PRId64
           " dimensions, digest %.12s\n",
           cli_recordings_text(e, "model"),
           (int64_t)json_integer_value(json_object_get(e, "windows")),
           (int64_t)json_integer_value(json_object_get(e, "dimensions")),
           cli_recordings_text(e, "digest"));
    print_array("vectors", json_object_get(e, "embedding"));
}

static void print_waveform(const json_t *w)
{
    const json_t *channels = json_object_get(w, "channels");
    char name[CLI_VISIBLE];

    if (!json_is_object(w)) {
        printf("waveform:   not kept\n");
        return;
    }
    printf("waveform:   %g Hz, channels",
           json_number_value(json_object_get(w, "sampling_rate_hz")));
    for (size_t i = 0; i < json_array_size(channels); i++)
        printf(" %s", cli_visible(name, sizeof(name),
                                  cli_recordings_text(
                                      json_array_get(channels, i), "name")));
    printf("\n");
    print_array("data", json_object_get(w, "data"));
}

void cli_recordings_print(const json_t *r)
{
    char *metadata = json_dumps(json_object_get(r, "metadata"), 0);
    const json_t *list = json_object_get(r, "embeddings");
    char when[32], text[CLI_VISIBLE];

    printf("id:         %s\n",
           cli_visible(text, sizeof(text), cli_recordings_text(r, "id")));
    printf("subject:    %s\n",
           cli_visible(text, sizeof(text), cli_recordings_text(r, "subject")));
    printf("created:    %s UTC\n", time_of(when, r, "created_at"));
    printf("changed:    %s UTC\n", time_of(when, r, "changed_at"));
    printf("etag:       %s\n", cli_recordings_text(r, "etag"));
    printf("metadata:   %s\n", metadata ? metadata : "");
    free(metadata);
    for (size_t i = 0; i < json_array_size(list); i++)
        print_embedding(json_array_get(list, i));
    print_waveform(json_object_get(r, "waveform"));
}

void cli_recordings_print_json(const json_t *v)
{
    char *text = json_dumps(v, JSON_COMPACT);

    printf("%s\n", text ? text : "");
    free(text);
}
