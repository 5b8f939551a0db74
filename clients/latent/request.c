/*
 * request.c - one recording, sent to be embedded or checked.
 *
 * A WFDB record goes as it is, in parts; what else there is is read here and
 * sent as an array of floats.
 */
#include "request.h"

#include "picture.h"

#include <string.h>

enum { FILE_MAX = 1 << 30, SIGNALS_MAX = LAT_CHANNELS_MAX };

/* The members that every request has, without the braces. */
static void put_wishes(struct lat_buf *b, const struct cli_asked *asked,
                       const char *model)
{
    static const char *const modes[] = {"reject", "center", "tile"};

    lat_buf_puts(b, "\"model\": ");
    cli_put_string(b, model);
    lat_buf_puts(b, ", \"encoding_format\": \"base64\", \"include\": "
                    "[\"partitions\", \"gates\", \"preprocessing\"");
    lat_buf_printf(b, "%s], \"windowing\": {\"mode\": \"%s\"",
                   asked->include ? ", \"task\"" : "", modes[asked->cut.mode]);
    if (asked->cut.hop)
        lat_buf_printf(b, ", \"hop_samples\": %zu", asked->cut.hop);
    lat_buf_puts(b, "}");
    if (asked->gate_mode >= 0)
        lat_buf_printf(b, ", \"gate_mode\": \"%s\"",
                       lat_gate_mode_name((unsigned)asked->gate_mode));
}

void cli_put_signal(struct lat_buf *b, const struct lat_signal *sig)
{
    lat_buf_printf(b,
                   "{\"type\": \"signal\", \"sampling_rate_hz\": %.17g, "
                   "\"channels\": [",
                   sig->rate_hz);
    for (size_t i = 0; i < sig->n_channels; i++) {
        lat_buf_puts(b, i ? ", {\"name\": " : "{\"name\": ");
        cli_put_string(b, sig->channels[i].name);
        lat_buf_puts(b, ", \"unit\": ");
        cli_put_string(b, sig->channels[i].unit);
        lat_buf_puts(b, "}");
    }
    lat_buf_puts(b, "], \"encoding\": \"f32le+base64\", \"data\": \"");
    lat_base64_encode(b, sig->v,
                      sig->n_channels * sig->n_samples * sizeof(*sig->v));
    lat_buf_puts(b, "\"}");
}

static enum lat_code post_signal(struct cli_reply *reply,
                                 const struct cli_asked *asked,
                                 const char *model, const char *url,
                                 const char *path, struct lat_err *err)
{
    struct lat_buf body = {0};
    struct lat_signal *sig = NULL;
    enum lat_code code = lat_signal_read(&sig, path, &asked->hints, err);

    if (code)
        return code;
    lat_buf_puts(&body, "{");
    put_wishes(&body, asked, model);
    lat_buf_puts(&body, ", \"input\": ");
    cli_put_signal(&body, sig);
    lat_buf_puts(&body, "}");
    lat_signal_free(sig);
    if (body.failed)
        code = lat_fail(err, LAT_ENOMEM, "%s", path);
    else
        code = cli_http_post_json(reply, asked->server, url, &body, err);
    lat_buf_fini(&body);
    return code;
}

/* ---- a WFDB record, in parts ---- */

struct record {
    size_t n;
    char names[SIGNALS_MAX + 1][256]; /* without their folder */
    struct cli_part parts[SIGNALS_MAX + 2];
    char *data[SIGNALS_MAX + 1];
};

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

static enum lat_code add_file(struct record *r, const char *beside,
                              const char *name, struct lat_err *err)
{
    char path[4096];
    enum lat_code code;
    size_t len = 0;

    for (size_t i = 0; i < r->n; i++)
        if (strcmp(r->names[i], name) == 0)
            return LAT_OK;
    if (r->n > SIGNALS_MAX)
        return lat_fail(err, LAT_ETOOBIG, "%s: more than %d files", beside,
                        SIGNALS_MAX);
    snprintf(path, sizeof(path), "%.*s%s", (int)(base_name(beside) - beside),
             beside, name);
    snprintf(r->names[r->n], sizeof(r->names[0]), "%s", name);
    code = lat_file_read(&r->data[r->n], &len, path, FILE_MAX, err);
    if (code)
        return code;
    r->parts[r->n] = (struct cli_part){
        "file", r->names[r->n], "application/octet-stream", r->data[r->n], len};
    r->n++;
    return LAT_OK;
}

/* The signal files are the first words of the lines after the first, comments
 * aside.  What is wrong with the header the server will say. */
static enum lat_code add_signal_files(struct record *r, const char *header,
                                      struct lat_err *err)
{
    const char *line = r->data[0];
    bool first = true;
    enum lat_code code = LAT_OK;

    while (line && *line && !code) {
        const char *end = strchr(line, '\n');
        size_t word = strcspn(line, " \t\r\n");
        char name[256];

        if (*line != '#' && word > 0 && word < sizeof(name)) {
            memcpy(name, line, word);
            name[word] = '\0';
            if (!first)
                code = add_file(r, header, base_name(name), err);
            first = false;
        }
        line = end ? end + 1 : NULL;
    }
    return code;
}

static void record_free(struct record *r)
{
    if (!r)
        return;
    for (size_t i = 0; i < r->n; i++)
        lat_free(r->data[i]);
    lat_free(r);
}

static enum lat_code post_record(struct cli_reply *reply,
                                 const struct cli_asked *asked,
                                 const char *model, const char *url,
                                 const char *header, struct lat_err *err)
{
    struct record *r = lat_calloc(1, sizeof(*r));
    struct lat_buf wishes = {0};
    enum lat_code code;

    if (!r)
        return lat_fail(err, LAT_ENOMEM, "%s", header);
    code = add_file(r, header, base_name(header), err);
    if (!code)
        code = add_signal_files(r, header, err);
    if (code)
        goto out;
    lat_buf_puts(&wishes, "{");
    put_wishes(&wishes, asked, model);
    lat_buf_puts(&wishes, "}");
    if (wishes.failed) {
        code = lat_fail(err, LAT_ENOMEM, "%s", header);
        goto out;
    }
    r->parts[r->n] = (struct cli_part){"request", NULL, "application/json",
                                       wishes.v, wishes.len};
    code =
        cli_http_post_parts(reply, asked->server, url, r->parts, r->n + 1, err);
out:
    lat_buf_fini(&wishes);
    record_free(r);
    return code;
}

/* ---- an image, as it is ---- */

static enum lat_code post_picture(struct cli_reply *reply,
                                  const struct cli_asked *asked,
                                  const char *model, const char *url,
                                  const char *path, struct lat_err *err)
{
    struct cli_part parts[2] = {
        {"file", base_name(path), "application/octet-stream", NULL, 0},
        {"request", NULL, "application/json", NULL, 0}};
    struct lat_buf wishes = {0};
    char *data = NULL;
    enum lat_code code =
        lat_file_read(&data, &parts[0].len, path, FILE_MAX, err);

    if (code)
        return code;
    lat_buf_puts(&wishes, "{");
    put_wishes(&wishes, asked, model);
    lat_buf_puts(&wishes, "}");
    parts[0].data = data;
    parts[1].data = wishes.v;
    parts[1].len = wishes.len;
    if (wishes.failed)
        code = lat_fail(err, LAT_ENOMEM, "%s", path);
    else
        code = cli_http_post_parts(reply, asked->server, url, parts, 2, err);
    lat_buf_fini(&wishes);
    lat_free(data);
    return code;
}

/* Whether path is a WFDB header, or a record's name without its ending. */
static bool find_header(char header[4096], const char *path)
{
    const char *dot = strrchr(base_name(path), '.');
    FILE *f;

    if (dot && strcmp(dot, ".hea") != 0)
        return false;
    snprintf(header, 4096, "%s%s", path, dot ? "" : ".hea");
    f = fopen(header, "r");
    if (f)
        fclose(f);
    return f || dot;
}

enum lat_code cli_post_recording(struct cli_reply *reply,
                                 const struct cli_asked *asked,
                                 const char *model, const char *url,
                                 const char *path, struct lat_err *err)
{
    char header[4096];

    if (cli_is_picture(path))
        return post_picture(reply, asked, model, url, path, err);
    if (find_header(header, path))
        return post_record(reply, asked, model, url, header, err);
    return post_signal(reply, asked, model, url, path, err);
}
