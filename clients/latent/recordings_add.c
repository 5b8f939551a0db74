/* recordings_add.c - latent recordings add: files to recordings. */
#include "recordings.h"

#include "picture.h"
#include "request.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum {
    PICTURE_MAX = 1 << 28,
    LINES_AT_ONCE = 500,
    BYTES_AT_ONCE = 16 << 20,
};

/* ---- one recording ------------------------------------------------------ */

/* The file's name without folder and ending. */
static void name_of(char id[256], const char *path)
{
    const char *base = strrchr(path, '/');
    const char *dot;

    base = base ? base + 1 : path;
    dot = strrchr(base, '.');
    snprintf(id, 256, "%.*s",
             dot && dot > base ? (int)(dot - base) : (int)strlen(base), base);
}

/* KEY=VALUE: a value that is JSON stays what it is, another is a text. */
static enum lat_code add_pair(json_t *metadata, const char *pair,
                              struct lat_err *err)
{
    const char *eq = strchr(pair, '=');
    json_t *value;
    char key[256];

    if (!eq || eq == pair || (size_t)(eq - pair) >= sizeof(key))
        return lat_fail(err, LAT_EINVAL, "--set %.80s: expected KEY=VALUE",
                        pair);
    memcpy(key, pair, (size_t)(eq - pair));
    key[eq - pair] = '\0';
    value = json_loads(eq + 1, JSON_DECODE_ANY, NULL);
    if (!value)
        value = json_string(eq + 1);
    if (json_object_set_new(metadata, key, value))
        return lat_fail(err, LAT_EINVAL, "--set %.80s: not UTF-8", pair);
    return LAT_OK;
}

static enum lat_code put_metadata(struct lat_buf *b,
                                  const struct cli_recordings *o,
                                  struct lat_err *err)
{
    json_t *metadata =
        o->metadata ? json_loads(o->metadata, 0, NULL) : json_object();
    enum lat_code code = LAT_OK;
    char *text;

    if (!json_is_object(metadata))
        code =
            lat_fail(err, LAT_EINVAL,
                     "--metadata %.80s: expected a JSON object", o->metadata);
    for (size_t i = 0; i < o->set.n && !code; i++)
        code = add_pair(metadata, o->set.v[i], err);
    text = code ? NULL : json_dumps(metadata, 0);
    if (!code && !text)
        code = lat_fail(err, LAT_ENOMEM, "metadata");
    if (!code)
        lat_buf_printf(b, ", \"metadata\": %s", text);
    free(text);
    json_decref(metadata);
    return code;
}

static enum lat_code put_picture(struct lat_buf *b, const char *path,
                                 struct lat_err *err)
{
    const char *dot = strrchr(path, '.');
    char *data = NULL;
    size_t len = 0;
    enum lat_code code = lat_file_read(&data, &len, path, PICTURE_MAX, err);

    if (code)
        return code;
    lat_buf_printf(b, "\"data:image/%s;base64,",
                   dot && (dot[1] == 'p' || dot[1] == 'P') ? "png" : "jpeg");
    lat_base64_encode(b, data, len);
    lat_buf_puts(b, "\"");
    lat_free(data);
    return LAT_OK;
}

static enum lat_code put_input(struct lat_buf *b,
                               const struct cli_recordings *o, const char *path,
                               struct lat_err *err)
{
    struct lat_signal *sig = NULL;
    enum lat_code code;

    if (cli_is_picture(path))
        return put_picture(b, path, err);
    code = lat_signal_read(&sig, path, &o->asked.hints, err);
    if (!code)
        cli_put_signal(b, sig);
    lat_signal_free(sig);
    return code;
}

static enum lat_code put_body(struct lat_buf *b, const struct cli_recordings *o,
                              const char *path, struct lat_err *err)
{
    static const char *const modes[] = {"reject", "center", "tile"};
    const struct lat_cut *cut = &o->asked.cut;
    enum lat_code code;

    lat_buf_puts(b, "{\"model\": ");
    cli_put_string(b, o->asked.model);
    if (o->subject) {
        lat_buf_puts(b, ", \"subject\": ");
        cli_put_string(b, o->subject);
    }
    code = put_metadata(b, o, err);
    if (code)
        return code;
    if (!cli_is_picture(path)) {
        lat_buf_printf(b,
                       ", \"store_waveform\": %s, \"windowing\": {\"mode\": "
                       "\"%s\", \"pool\": \"%s\"",
                       o->store_waveform ? "true" : "false", modes[cut->mode],
                       o->pool ? "mean" : "none");
        if (cut->hop)
            lat_buf_printf(b, ", \"hop_samples\": %zu", cut->hop);
        lat_buf_puts(b, "}");
        if (cut->positional)
            lat_buf_puts(b, ", \"channel_match\": \"positional\"");
    }
    lat_buf_puts(b, ", \"input\": ");
    code = put_input(b, o, path, err);
    lat_buf_puts(b, "}");
    if (!code && b->failed)
        code = lat_fail(err, LAT_ENOMEM, "%s", path);
    return code;
}

static enum lat_code add_one(const struct cli_recordings *o, const char *path,
                             struct lat_err *err)
{
    struct lat_buf body = {0}, to = {0};
    struct cli_ask ask = {.method = "PUT",
                          .type = "application/json",
                          .body = &body,
                          .header = o->create ? "If-None-Match: *" : NULL};
    struct cli_reply reply = {0};
    json_t *root = NULL;
    char id[256], said[CLI_VISIBLE];
    enum lat_code code = put_body(&body, o, path, err);

    name_of(id, path);
    lat_buf_puts(&to, "/v1/recordings/");
    cli_put_encoded(&to, o->id ? o->id : id);
    ask.path = to.v;
    if (!code)
        code = cli_http_ask(&reply, o->asked.server, &ask, err);
    if (!code)
        code = cli_recordings_json(&root, &reply, err);
    if (!code && o->json)
        printf("%s\n", reply.body.v);
    else if (!code)
        printf("%s: %s\n", cli_visible(said, sizeof(said), o->id ? o->id : id),
               reply.status == 201 ? "created" : "stored");
    json_decref(root);
    cli_reply_fini(&reply);
    lat_buf_fini(&to);
    lat_buf_fini(&body);
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}

/* ---- many --------------------------------------------------------------- */

struct many {
    const struct cli_recordings *o;
    struct lat_buf lines;
    size_t n, line; /* lines that wait; of the file, sent so far */
    size_t counts[3];
};

enum { CREATED, STORED, FAILED };

/* What came of each line; those that failed are reported. */
static enum lat_code take_replies(struct many *m, const struct cli_reply *reply,
                                  struct lat_err *err)
{
    const char *at = reply->body.v ? reply->body.v : "";
    enum lat_code code = LAT_OK;

    while (*at && !code) {
        size_t len = strcspn(at, "\n");
        json_t *item = json_loadb(at, len, 0, NULL);
        json_t *error = json_object_get(item, "error");
        json_int_t status = json_integer_value(json_object_get(item, "status"));

        if (!item)
            code = lat_fail(err, LAT_EIO, "a reply that is not understood");
        else if (error)
            fprintf(
                stderr, "latent: recording %zu: %s\n",
                m->line +
                    (size_t)json_integer_value(json_object_get(item, "index")) +
                    1,
                json_string_value(json_object_get(error, "message")));
        m->counts[error ? FAILED : status == 201 ? CREATED : STORED]++;
        json_decref(item);
        at += len + (at[len] == '\n');
    }
    return code;
}

static enum lat_code send_lines(struct many *m, struct lat_err *err)
{
    const struct cli_ask ask = {.method = "POST",
                                .path = "/v1/recordings",
                                .type = "application/x-ndjson",
                                .header =
                                    m->o->create ? "If-None-Match: *" : NULL,
                                .body = &m->lines};
    struct cli_reply reply = {0};
    json_t *root = NULL;
    enum lat_code code = LAT_OK;

    if (m->n == 0)
        return LAT_OK;
    code = cli_http_ask(&reply, m->o->asked.server, &ask, err);
    if (!code && reply.status != 200)
        code = cli_recordings_json(&root, &reply, err);
    else if (!code)
        code = take_replies(m, &reply, err);
    m->line += m->n;
    m->n = 0;
    m->lines.len = 0;
    json_decref(root);
    cli_reply_fini(&reply);
    return code;
}

static enum lat_code read_lines(struct many *m, FILE *f, struct lat_err *err)
{
    enum lat_code code = LAT_OK;
    char *line = NULL;
    size_t cap = 0;
    ssize_t len;

    while (!code && (len = getline(&line, &cap, f)) >= 0) {
        if (strspn(line, " \t\r\n") == (size_t)len)
            continue;
        lat_buf_put(&m->lines, line, (size_t)len);
        if (line[len - 1] != '\n')
            lat_buf_puts(&m->lines, "\n");
        m->n++;
        if (m->lines.failed)
            code = lat_fail(err, LAT_ENOMEM, "%zu lines", m->n);
        else if (m->n == LINES_AT_ONCE || m->lines.len > BYTES_AT_ONCE)
            code = send_lines(m, err);
    }
    free(line);
    return code ? code : send_lines(m, err);
}

static enum lat_code add_many(const struct cli_recordings *o, const char *path,
                              bool *failed, struct lat_err *err)
{
    FILE *f = strcmp(path, "-.jsonl") == 0 ? stdin : fopen(path, "r");
    struct many m = {.o = o};
    enum lat_code code;

    if (!f)
        return lat_fail(err, LAT_EIO, "%s: %s", path, strerror(errno));
    code = read_lines(&m, f, err);
    if (f != stdin)
        fclose(f);
    lat_buf_fini(&m.lines);
    if (o->json)
        printf("{\"created\":%zu,\"stored\":%zu,\"failed\":%zu}\n",
               m.counts[CREATED], m.counts[STORED], m.counts[FAILED]);
    else
        printf("%s: %zu created, %zu stored, %zu failed\n", path,
               m.counts[CREATED], m.counts[STORED], m.counts[FAILED]);
    *failed |= m.counts[FAILED] > 0;
    return code ? lat_wrap(err, code, "%s", path) : LAT_OK;
}

enum lat_code cli_recordings_add(const struct cli_recordings *o,
                                 const char *path, bool *failed,
                                 struct lat_err *err)
{
    size_t len = strlen(path);

    if (len > 6 && strcmp(path + len - 6, ".jsonl") == 0)
        return add_many(o, path, failed, err);
    return add_one(o, path, err);
}
