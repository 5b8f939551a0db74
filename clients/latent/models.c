/* models.c - latent models: what can be asked to embed. */
#include "catalog.h"
#include "http.h"

#include <jansson.h>

#include <stdlib.h>
#include <string.h>

struct options {
    const char *models, *server;
    bool json;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    {"models", 0, "DIR", "where models are; default: LATENT_MODELS", CLI_TEXT,
     AT(models)},
    {"server", 's', "URL", "ask a server; default: LATENT_SERVER", CLI_TEXT,
     AT(server)},
    {"json", 0, NULL, "print the server's reply as it is", CLI_FLAG, AT(json)},
    {0},
};

static const char form[] = "%-24s %6s  %-22s %8s %8s  %s\n";

static void print_head(void)
{
    printf(form, "model", "dims", "input", "rate/Hz", "window", "weights");
}

static void print_row(const char *name, size_t dims, const char *input,
                      double rate, size_t window, const char *digest)
{
    char n[3][32];

    snprintf(n[0], sizeof(n[0]), "%zu", dims);
    snprintf(n[1], sizeof(n[1]), "%g", rate);
    snprintf(n[2], sizeof(n[2]), "%zu", window);
    printf(form, name, n[0], input, n[1], n[2], digest);
}

/* ---- a folder ---- */

static void print_image_card(const char *name, const struct lat_card *card,
                             const char *digest)
{
    char dims[32], input[64];

    snprintf(dims, sizeof(dims), "%zu", card->dims);
    snprintf(input, sizeof(input), "image of %zux%zu", card->image.width,
             card->image.height);
    printf(form, name, dims, input, "-", "-", digest);
}

static void print_card(const char *path, const struct lat_card *card)
{
    char name[CLI_LABEL_MAX], input[64], digest[20];
    size_t len = 0;

    cli_model_label(name, path);
    if (card->input.n_channels == 1 && card->input.n_names > 1)
        len = (size_t)snprintf(input, sizeof(input), "one of ");
    for (size_t i = 0; i < card->input.n_names && len < sizeof(input); i++)
        len += (size_t)snprintf(input + len, sizeof(input) - len, "%s%s",
                                i ? "," : "", card->input.names[i]);
    if (len > 22)
        strcpy(input + 19, "...");
    snprintf(digest, sizeof(digest), "%.12s", card->weights_digest);
    if (card->modality == LAT_IMAGES) {
        print_image_card(name, card, digest);
        return;
    }
    print_row(name, card->dims, input, card->input.rate_hz, card->input.window,
              digest);
}

static int list_folder(const char *dir)
{
    struct cli_catalog c = {0};
    struct lat_err err = {0};
    int status = CLI_OK;

    if (cli_catalog_read(&c, dir, &err))
        return cli_report(&err);
    print_head();
    for (size_t i = 0; i < c.n; i++) {
        struct lat_model *m = NULL;

        if (lat_model_read(&m, c.files[i].path, &err))
            status = cli_report(&err);
        else
            print_card(c.files[i].path, lat_model_card(m));
        lat_model_unref(m);
    }
    cli_catalog_fini(&c);
    return status;
}

/* ---- a server ---- */

static void print_model(const json_t *m)
{
    const json_t *cap = json_object_get(m, "capabilities");
    const json_t *sig = json_object_get(cap, "signal");
    const json_t *names = json_object_get(sig, "channels");
    const char *id = json_string_value(json_object_get(m, "id"));
    const char *digest =
        json_string_value(json_object_get(cap, "weights_digest"));
    char input[64] = "", brief[20];
    size_t len = 0;

    for (size_t i = 0; i < json_array_size(names) && len < sizeof(input); i++)
        len += (size_t)snprintf(input + len, sizeof(input) - len, "%s%s",
                                i ? "," : "",
                                json_string_value(json_array_get(names, i)));
    if (len > 22)
        strcpy(input + 19, "...");
    if (digest && strncmp(digest, "sha256:", 7) == 0)
        digest += 7;
    snprintf(brief, sizeof(brief), "%.12s", digest ? digest : "");
    print_row(
        id ? id : "?",
        (size_t)json_integer_value(json_object_get(cap, "dimensions")), input,
        json_number_value(json_object_get(sig, "sampling_rate_hz")),
        (size_t)json_integer_value(json_object_get(sig, "window_samples")),
        brief);
}

static int list_server(const char *server, bool as_json)
{
    struct cli_reply reply = {0};
    struct lat_err err = {0};
    json_t *root = NULL, *data;
    enum lat_code code = cli_http_get(&reply, server, "/v1/models", &err);

    if (!code) {
        root = json_loadb(reply.body.v ? reply.body.v : "", reply.body.len, 0,
                          NULL);
        data = json_object_get(root, "data");
        if (reply.status != 200 || !json_is_array(data)) {
            code = lat_fail(&err, LAT_EIO, "%s answered %ld without a list",
                            server, reply.status);
        } else if (as_json) {
            code = cli_write(&reply.body, NULL, &err);
        } else {
            print_head();
            for (size_t i = 0; i < json_array_size(data); i++)
                print_model(json_array_get(data, i));
        }
    }
    json_decref(root);
    cli_reply_fini(&reply);
    return code ? cli_report(&err) : CLI_OK;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {0};
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first != argc)
        return cli_misuse(cmd, "%s: no operand expected", argv[first]);
    if (!o.server && !o.models)
        o.server = getenv("LATENT_SERVER");
    if (o.server && o.server[0])
        return list_server(o.server, o.json);
    if (o.json)
        return cli_misuse(cmd, "--json wants --server");
    return list_folder(o.models);
}

const struct cli_command cli_models = {
    "models", "", "List the models of a folder or a server", "", options, run,
};
