/* inspect.c - latent inspect: what is in a model file. */
#include "catalog.h"

#include <jansson.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { FILE_MAX = 1 << 30 };

struct options {
    const char *models;
    bool card;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    {"models", 0, "DIR", "where models are; default: LATENT_MODELS", CLI_TEXT,
     AT(models)},
    {"card", 0, NULL, "print the card as JSON, and nothing else", CLI_FLAG,
     AT(card)},
    {0},
};

static void print_card_json(const struct lat_card *card)
{
    json_t *root = json_loads(card->json, 0, NULL);
    char *text = json_dumps(root, JSON_INDENT(2));

    printf("%s\n", text ? text : card->json);
    free(text);
    json_decref(root);
}

static void print_input(const struct lat_input *in)
{
    printf("input        %zu channel%s of ", in->n_channels,
           in->n_channels == 1 ? "" : "s");
    for (size_t i = 0; i < in->n_names; i++)
        printf("%s%s", i ? ", " : "", in->names[i]);
    printf(" in ");
    for (size_t k = 0; k < (*in->unit ? 1 : in->n_channels); k++)
        printf("%s%s", k ? ", " : "", lat_input_unit(in, k));
    printf(", %g Hz, %zu samples (%g s)\n", in->rate_hz, in->window,
           (double)in->window / in->rate_hz);
}

static void print_prep(const struct lat_prep *p)
{
    printf("preparation ");
    if (p->low_hz > 0.0 || p->high_hz > 0.0)
        printf(" band-pass %g to %g Hz (order %u, both ways),", p->low_hz,
               p->high_hz, p->order);
    printf("%s%s", p->center ? " mean removed," : "",
           p->scale != LAT_SCALE_NONE ? " scaled by its spread," : "");
    if (p->divisor > 0.0 && fabs(p->divisor - 1.0) > 0.0)
        printf(" divided by %g,", p->divisor);
    printf(" each window by itself\n");
}

static void print_image(const struct lat_card *c)
{
    const struct lat_image_input *in = &c->image;
    const double *m = in->mean, *d = in->deviation;

    printf("input        RGB images of %zu x %zu pixels\npreparation  ",
           in->width, in->height);
    if (in->shorter)
        printf("shorter side to %zu (%s), ", in->shorter,
               in->filter == LAT_BICUBIC ? "bicubic" : "bilinear");
    printf("middle cut out, mean %g %g %g, deviation %g %g %g\n", m[0], m[1],
           m[2], d[0], d[1], d[2]);
    printf("features     %zu\n", c->features);
}

static void print_gate(const struct lat_card *c)
{
    printf("gates        ");
    if (c->gate.mode == LAT_GATES_NONE)
        printf("none");
    else
        printf("%s, temperature %g, prior %g", lat_gate_mode_name(c->gate.mode),
               c->gate.temperature, c->gate.prior);
    printf("\nnon-negative %s", lat_nonneg_name(c->nonneg));
    if (c->top_k)
        printf(", the largest %zu", c->top_k);
    printf("\n");
}

static void print_card(const char *path, const struct lat_card *c)
{
    char label[CLI_LABEL_MAX];

    cli_model_label(label, path);
    printf("model        %s\n", label);
    if (c->modality == LAT_IMAGES) {
        print_image(c);
        print_gate(c);
    } else {
        print_input(&c->input);
        print_prep(&c->prep);
    }
    printf("latent       %zu dimensions", c->dims);
    for (int b = 0; b < LAT_N_BLOCKS && c->partitioned; b++)
        printf("%s %s [%zu, %zu)", b ? "," : ":",
               lat_block_name((enum lat_block)b), c->blocks[b].begin,
               c->blocks[b].end);
    printf("\ndigest       sha256:%s\nweights      sha256:%s\n"
           "preparation  sha256:%s\n",
           c->digest, c->weights_digest, c->prep_digest);
}

/* ---- tensors: the header that lat_model_read has accepted ---- */

static size_t print_tensor(const char *name, const json_t *t)
{
    const json_t *shape = json_object_get(t, "shape");
    const char *dtype = json_string_value(json_object_get(t, "dtype"));
    char text[64] = "";
    size_t len = 0, count = 1;

    for (size_t i = 0; i < json_array_size(shape) && len < sizeof(text); i++) {
        long long n = json_integer_value(json_array_get(shape, i));

        len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%lld",
                                i ? " x " : "", n);
        count *= (size_t)n;
    }
    printf("%-40s %-5s %-20s %10zu\n", name, dtype ? dtype : "?", text, count);
    return count;
}

static enum lat_code print_tensors(const char *path, struct lat_err *err)
{
    char *file = NULL;
    size_t len = 0, count = 0;
    uint64_t head = 0;
    json_t *root = NULL, *value;
    const char *name;
    enum lat_code code = lat_file_read(&file, &len, path, FILE_MAX, err);

    if (code)
        return code;
    for (size_t i = 8; len >= 8 && i-- > 0;)
        head = head << 8 | (unsigned char)file[i];
    if (len >= 8 && head <= len - 8)
        root = json_loadb(file + 8, head, 0, NULL);
    printf("\n%-40s %-5s %-20s %10s\n", "tensor", "type", "shape", "values");
    json_object_foreach(root, name,
                        value) if (strcmp(name, "__metadata__") != 0) count +=
        print_tensor(name, value);
    printf("%-40s %-5s %-20s %10zu\n", "", "", "", count);
    json_decref(root);
    lat_free(file);
    return LAT_OK;
}

static enum lat_code inspect(const struct options *o, const char *name,
                             struct lat_err *err)
{
    struct lat_model *m = NULL;
    char path[4096];
    enum lat_code code = cli_model_find(path, o->models, name, err);

    if (!code)
        code = lat_model_read(&m, path, err);
    if (code)
        return code;
    if (o->card) {
        print_card_json(lat_model_card(m));
    } else {
        printf("file         %s\n", path);
        print_card(path, lat_model_card(m));
        code = print_tensors(path, err);
    }
    lat_model_unref(m);
    return code;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {0};
    struct lat_err err = {0};
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first + 1 != argc)
        return cli_misuse(cmd, "one model must be given");
    return inspect(&o, argv[first], &err) ? cli_report(&err) : CLI_OK;
}

const struct cli_command cli_inspect = {
    "inspect",
    "MODEL",
    "Show a model's card, tensors and digests",
    "MODEL is a name in the folder of models, or a file.\n",
    options,
    run,
};
