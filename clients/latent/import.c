/* import.c - latent import: weights from elsewhere as a model file. */
#include "cli.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

struct options {
    const char *output, *name, *nonneg, *filter, *mean, *deviation;
    uint64_t size, shorter, stem_pad, top_k;
    double temperature, prior;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    {"out", 'o', "FILE", "the model file to write", CLI_TEXT, AT(output)},
    {"name", 'n', "NAME", "the model's name; default: the file's, to its dot",
     CLI_TEXT, AT(name)},
    {"size", 0, "N", "pixels of a side; default 32, of a large stem 224",
     CLI_COUNT, AT(size)},
    {"shorter", 0, "N",
     "resize the shorter side to it; default: size, of a large stem 256",
     CLI_COUNT, AT(shorter)},
    {"filter", 0, "NAME",
     "bilinear or bicubic; default bicubic, of a large stem bilinear", CLI_TEXT,
     AT(filter)},
    {"mean", 0, "R,G,B", "default: CIFAR-10's, of a large stem ImageNet's",
     CLI_TEXT, AT(mean)},
    {"deviation", 0, "R,G,B", "default: as for --mean", CLI_TEXT,
     AT(deviation)},
    {"stem-pad", 0, "N", "padding of a small stem; default 2", CLI_COUNT,
     AT(stem_pad)},
    {"nonnegativity", 0, "NAME",
     "none, relu, rep_relu, …; default rep_relu, of a large stem relu",
     CLI_TEXT, AT(nonneg)},
    {"top-k", 0, "N", "the largest of a latent that stay; default: all",
     CLI_COUNT, AT(top_k)},
    {"temperature", 0, "T", "of the gates; default 1", CLI_NUMBER,
     AT(temperature)},
    {"prior", 0, "P", "of the gates; default 0.8", CLI_NUMBER, AT(prior)},
    {0},
};

static enum lat_code read_three(double out[3], const char *text,
                                const char *option, double least,
                                struct lat_err *err)
{
    const char *at = text;
    char *end = NULL;
    double v[3];

    if (!text)
        return LAT_OK;
    for (size_t i = 0; i < 3; i++, at = end + 1) {
        v[i] = strtod(at, &end);
        if (end == at || *end != (i < 2 ? ',' : '\0') ||
            !(v[i] >= least && v[i] <= 1.0))
            return lat_fail(err, LAT_EINVAL,
                            "--%s is \"%s\", must be three numbers from %g to "
                            "1 with commas between",
                            option, text, least);
    }
    memcpy(out, v, sizeof(v));
    return LAT_OK;
}

static enum lat_code read_words(struct lat_solo *s, const struct options *o,
                                struct lat_err *err)
{
    unsigned i = 0;

    if (o->filter && strcmp(o->filter, "bilinear") != 0 &&
        strcmp(o->filter, "bicubic") != 0)
        return lat_fail(err, LAT_EINVAL,
                        "--filter is %s, must be bilinear or bicubic",
                        o->filter);
    if (o->filter)
        s->image.filter = o->filter[2] == 'c' ? LAT_BICUBIC : LAT_BILINEAR;
    while (o->nonneg && i < LAT_N_NONNEGS &&
           strcmp(o->nonneg, lat_nonneg_name(i)) != 0)
        i++;
    if (i == LAT_N_NONNEGS)
        return lat_fail(err, LAT_EINVAL,
                        "--nonnegativity %s is unknown (see latent import "
                        "--help)",
                        o->nonneg);
    if (o->nonneg)
        s->nonneg = (enum lat_nonneg)i;
    return LAT_OK;
}

/* unset: what a number is that nobody said. */
static enum lat_code read_options(struct lat_solo *s, const struct options *o,
                                  bool small, struct lat_err *err)
{
    enum lat_code code = read_words(s, o, err);

    if (o->size) {
        s->image.height = s->image.width = (size_t)o->size;
        s->image.shorter = small ? (size_t)o->size : s->image.shorter;
    }
    if (o->shorter)
        s->image.shorter = (size_t)o->shorter;
    if (o->stem_pad != UINT64_MAX)
        s->stem_pad = (size_t)o->stem_pad;
    if (o->top_k)
        s->top_k = (size_t)o->top_k;
    if (!isnan(o->temperature))
        s->temperature = o->temperature;
    if (!isnan(o->prior))
        s->prior = o->prior;
    s->gated = !isnan(o->temperature) || !isnan(o->prior);
    if (!code)
        code = read_three(s->image.mean, o->mean, "mean", 0.0, err);
    if (!code)
        code = read_three(s->image.deviation, o->deviation, "deviation", 1e-3,
                          err);
    return code;
}

static void name_of(char *name, size_t room, const char *path)
{
    const char *file = strrchr(path, '/');

    file = file ? file + 1 : path;
    snprintf(name, room, "%.*s", (int)strcspn(file, "."), file);
}

static enum lat_code import(const struct options *o, const char *path,
                            struct lat_err *err)
{
    struct lat_buf file = {0};
    struct lat_solo s;
    bool small = false;
    enum lat_code code = lat_solo_stem(&small, path, err);

    if (code)
        return code;
    lat_solo_defaults(&s, small);
    if (o->name)
        snprintf(s.name, sizeof(s.name), "%s", o->name);
    else
        name_of(s.name, sizeof(s.name), o->output);
    code = read_options(&s, o, small, err);
    if (!code)
        code = lat_solo_import(&file, path, &s, err);
    if (!code)
        code = lat_file_write(o->output, file.v, file.len, err);
    if (!code)
        printf("wrote %s\n", o->output);
    lat_buf_fini(&file);
    return code;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {.stem_pad = UINT64_MAX,
                        .temperature = (double)NAN,
                        .prior = (double)NAN};
    struct lat_err err = {0};
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first + 2 != argc || strcmp(argv[first], "solo-learn") != 0)
        return cli_misuse(cmd, "solo-learn and one file must be given");
    if (!o.output)
        return cli_misuse(cmd, "--out must be given");
    return import(&o, argv[first + 1], &err) ? cli_report(&err) : CLI_OK;
}

const struct cli_command cli_import = {
    "import",
    "solo-learn FILE --out MODEL",
    "Make a model file of weights from elsewhere",
    "FILE is the state_dict of a solo-learn checkpoint (SimCLR, NCL, BayesNCL) "
    "as\nsafetensors.  What the tensors do not show is said by options.\n",
    options,
    run,
};
