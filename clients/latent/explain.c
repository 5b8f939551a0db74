/* explain.c - latent explain: which dimensions a code has, and why. */
#include "explain.h"

#include "picture.h"

#include <math.h>
#include <string.h>

enum { LIMIT = 1000, DIMS = 12, PER = 8 };

#define AT(field) offsetof(struct cli_explain_ask, field)

static const struct cli_option options[] = {
    {"model", 'm', "MODEL", "NAME, NAME@VERSION or a file; default: what fits",
     CLI_TEXT, AT(asked.model)},
    {"models", 0, "DIR", "where models are; default: LATENT_MODELS", CLI_TEXT,
     AT(asked.models)},
    {"reference", 'r', "DIR",
     "images to compare with: a folder of classes, .jpgs or .bin", CLI_LIST,
     AT(reference)},
    {"limit", 'l', "N", "look at so many of them, evenly; default 1000",
     CLI_COUNT, AT(limit)},
    {"dims", 'd', "N", "dimensions to show; default 12", CLI_COUNT, AT(dims)},
    {"per", 'n', "N", "images to show of each; default 8, at most 24",
     CLI_COUNT, AT(per)},
    {"html", 0, "FILE", "write a page there", CLI_TEXT, AT(html)},
    {"png", 0, "FILE", "draw the contact sheet of an image there", CLI_TEXT,
     AT(png)},
    {"json", 'j', NULL, "print JSON", CLI_FLAG, AT(json)},
    {"gates", 0, "MODE", "of images: hard, soft or none", CLI_TEXT,
     AT(asked.gates)},
    {"windowing", 'w', "MODE", "of recordings: center or reject", CLI_TEXT,
     AT(asked.windowing)},
    {"rate", 0, "HZ", "sampling rate, where a file does not say", CLI_NUMBER,
     AT(asked.hints.rate_hz)},
    {"unit", 'u', "UNIT", "unit, where a file does not say", CLI_TEXT,
     AT(asked.hints.unit)},
    {"channels", 'c', "NAMES", "channels, where a file does not say", CLI_TEXT,
     AT(asked.hints.channels)},
    {0},
};

/* ---- as text ---- */

static void put_table(struct lat_buf *b, const struct cli_explained *e,
                      const struct cli_explain_ask *ask)
{
    lat_buf_printf(b, "%s by %s: %zu of %zu dimensions", e->file, e->model,
                   e->n_reasons, e->card->dims);
    if (e->open)
        lat_buf_printf(b, ", %.1f gates expected open", e->expected);
    lat_buf_puts(b, e->n_reasons ? "\n\n" : "\nall gates are shut\n");
    if (e->n_reasons)
        lat_buf_printf(b, "dimension    value%s%s\n",
                       e->open ? "   gate open" : "",
                       e->gallery ? "   images   most of them" : "");
    for (size_t k = 0; k < e->n_reasons && k < ask->dims; k++) {
        const struct cli_reason *r = &e->reasons[k];

        lat_buf_printf(b, "%9zu %8.4f", r->dim, (double)r->value);
        if (e->open)
            lat_buf_printf(b, " %11.3f", (double)r->open);
        if (e->gallery)
            lat_buf_printf(b, " %8zu", r->support);
        if (r->named)
            lat_buf_printf(b, "   %.0f %% %s", r->share * 100.0, r->named);
        lat_buf_puts(b, "\n");
    }
    if (e->n_reasons > ask->dims)
        lat_buf_printf(b, "and %zu more\n", e->n_reasons - (size_t)ask->dims);
    if (e->gallery)
        lat_buf_printf(b, "\nimages: of %zu, those that have the dimension\n",
                       e->n_reference);
}

static void put_class(struct lat_buf *b, const char *text)
{
    if (text)
        cli_put_string(b, text);
    else
        lat_buf_puts(b, "null");
}

static void put_reason(struct lat_buf *b, const struct cli_explained *e,
                       const struct cli_reason *r)
{
    lat_buf_printf(b, "{\"dimension\": %zu, \"value\": ", r->dim);
    cli_put_float(b, r->value);
    if (e->open) {
        lat_buf_puts(b, ", \"probability\": ");
        cli_put_float(b, r->open);
    }
    if (e->gallery) {
        lat_buf_printf(b, ", \"support\": %zu, \"class\": ", r->support);
        put_class(b, r->named);
        lat_buf_puts(b, ", \"consistency\": ");
        cli_put_float(b, (float)r->share);
        lat_buf_puts(b, ",\n     \"images\": [");
    }
    for (size_t i = 0; i < r->n_best; i++) {
        uint32_t label = lat_gallery_label(e->gallery, r->best[i].image);

        lat_buf_printf(b, "%s{\"index\": %zu, \"class\": ", i ? ", " : "",
                       r->best[i].image);
        put_class(b, lat_gallery_class(e->gallery, label));
        lat_buf_puts(b, ", \"value\": ");
        cli_put_float(b, r->best[i].value);
        lat_buf_puts(b, "}");
    }
    lat_buf_puts(b, e->gallery ? "]}" : "}");
}

static void put_json(struct lat_buf *b, const struct cli_explained *e)
{
    lat_buf_puts(b, "{\"object\": \"explanation\", \"model\": ");
    cli_put_string(b, e->model);
    lat_buf_puts(b, ", \"file\": ");
    cli_put_string(b, e->file);
    lat_buf_printf(b,
                   ", \"dimensions\": %zu, \"mode\": \"%s\", "
                   "\"active_count\": %zu, \"all_shut\": %s",
                   e->card->dims, lat_gate_mode_name(e->mode), e->n_reasons,
                   e->n_reasons ? "false" : "true");
    if (e->open) {
        lat_buf_puts(b, ", \"expected_active\": ");
        cli_put_float(b, (float)e->expected);
    }
    lat_buf_printf(b, ", \"reference_images\": %zu,\n \"active\": [",
                   e->n_reference);
    for (size_t k = 0; k < e->n_reasons; k++) {
        lat_buf_puts(b, k ? ",\n    " : "\n    ");
        put_reason(b, e, &e->reasons[k]);
    }
    lat_buf_puts(b, "\n]}\n");
}

/* ---- the run ---- */

static enum lat_code write_image(const struct cli_explain_ask *ask,
                                 const char *path, struct lat_err *err)
{
    struct cli_explained e = {0};
    struct lat_buf text = {0}, html = {0}, png = {0};
    enum lat_code code = cli_explain_image(&e, ask, path, err);

    if (!code && ask->html) {
        code = cli_explain_html(&html, &e, ask, err);
        if (!code)
            code = cli_write(&html, ask->html, err);
    }
    if (!code && ask->png) {
        code = cli_explain_png(&png, &e, ask, err);
        if (!code)
            code = cli_write(&png, ask->png, err);
    }
    if (!code && ask->json)
        put_json(&text, &e);
    else if (!code)
        put_table(&text, &e, ask);
    if (!code)
        code = cli_write(&text, NULL, err);
    lat_buf_fini(&png);
    lat_buf_fini(&html);
    lat_buf_fini(&text);
    cli_explained_fini(&e);
    return code;
}

static enum lat_code write_signal(const struct cli_explain_ask *ask,
                                  const char *path, struct lat_err *err)
{
    struct lat_buf text = {0}, html = {0};
    enum lat_code code = cli_explain_signal(&text, &html, ask, path, err);

    if (!code && ask->html)
        code = cli_write(&html, ask->html, err);
    if (!code)
        code = cli_write(&text, NULL, err);
    lat_buf_fini(&html);
    lat_buf_fini(&text);
    return code;
}

/* What is said of the one and asked of the other; NULL: nothing. */
static const char *misplaced(const struct cli_explain_ask *ask, bool image)
{
    if (image && (ask->asked.windowing || ask->asked.hints.rate_hz > 0.0 ||
                  ask->asked.hints.unit || ask->asked.hints.channels))
        return "--windowing, --rate, --unit and --channels are for recordings";
    if (!image && (ask->reference.n || ask->png || ask->asked.gates))
        return "--reference, --png and --gates are for images";
    return NULL;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct cli_explain_ask ask = {.limit = LIMIT, .dims = DIMS, .per = PER};
    struct lat_err err = {0};
    char model[160];
    int first, status;
    bool image;

    if (!cli_parse(cmd, &ask, argc, argv, &first, &status))
        return status;
    if (first + 1 != argc)
        return cli_misuse(cmd, "one image or recording must be given");
    if (ask.limit < 1 || ask.per < 1 || ask.per > CLI_BEST_MAX)
        return cli_misuse(cmd, "--limit must be 1 or more, --per 1 to %d",
                          CLI_BEST_MAX);
    image = cli_is_picture(argv[first]);
    if (misplaced(&ask, image))
        return cli_misuse(cmd, "%s", misplaced(&ask, image));
    if (!image && !ask.asked.windowing)
        ask.asked.windowing = "center";
    if (cli_asked_check(&ask.asked, &err))
        return cli_misuse(cmd, "%s", err.msg);
    if (ask.asked.cut.mode == LAT_TILE)
        return cli_misuse(cmd, "--windowing tile: one window is explained");
    ask.asked.server = NULL; /* of the environment: this is done here */
    if (!ask.asked.model) {
        if (cli_choose_model(model, &ask.asked, argv + first, 1, &err))
            return cli_report(&err);
        ask.asked.model = model;
    }
    return (image ? write_image : write_signal)(&ask, argv[first], &err)
               ? cli_report(&err)
               : CLI_OK;
}

const struct cli_command cli_explain = {
    "explain",
    "FILE",
    "Show what a code is made of",
    "Of an image: the dimensions that are not 0, how sure the gates are, and "
    "with\n--reference the images that have most of each.  Of a recording: the "
    "partitions\nof its latent.\n",
    options,
    run,
};
