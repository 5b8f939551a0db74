/* synth.c - latent synth: made-up recordings and pictures. */
#include "cli.h"

#include <math.h>
#include <string.h>

struct options {
    struct lat_synth spec;
    double shift_ms;
    uint64_t seed;
    const char *output, *scene;
    uint64_t size;
};

#define AT(field) offsetof(struct options, field)

static const struct cli_option options[] = {
    {"output", 'o', "FILE", "FILE.csv, or NAME for NAME.hea and NAME.dat",
     CLI_TEXT, AT(output)},
    {"rate", 'r', "HZ", "sampling rate; default 360", CLI_NUMBER,
     AT(spec.rate_hz)},
    {"seconds", 't', "S", "length; default 60", CLI_NUMBER, AT(spec.seconds)},
    {"bpm", 'b', "N", "mean heart rate; default 60", CLI_NUMBER, AT(spec.bpm)},
    {"bpm-sd", 0, "N", "its standard deviation", CLI_NUMBER, AT(spec.bpm_sd)},
    {"noise", 'n', "MV", "white noise, standard deviation", CLI_NUMBER,
     AT(spec.noise_mv)},
    {"wander", 0, "MV", "amplitude of the baseline's wander", CLI_NUMBER,
     AT(spec.wander_mv)},
    {"leads", 'l', "NAMES", "from I, II, III, V1, V2, V5; default II", CLI_TEXT,
     AT(spec.leads)},
    {"seed", 0, "N", "the person and the noise; default 1", CLI_COUNT,
     AT(seed)},
    {"scene", 0, "NAME", "of an image: ship, automobile, airplane or truck",
     CLI_TEXT, AT(scene)},
    {"size", 0, "N", "of an image, pixels of a side; default 256", CLI_COUNT,
     AT(size)},
    {"shift-ms", 0, "MS", "begin that much later in the same recording",
     CLI_NUMBER, AT(shift_ms)},
    {0},
};

/* The same recording without its first samples. */
static enum lat_code shift(struct lat_signal **sig, size_t skip,
                           struct lat_err *err)
{
    struct lat_signal *from = *sig, *to = NULL;
    size_t n = from->n_samples - skip;
    enum lat_code code = lat_signal_new(&to, from->n_channels, n, err);

    if (code)
        return code;
    to->rate_hz = from->rate_hz;
    memcpy(to->channels, from->channels,
           from->n_channels * sizeof(*from->channels));
    for (size_t c = 0; c < from->n_channels; c++)
        memcpy(to->v + c * n, from->v + c * from->n_samples + skip,
               n * sizeof(*to->v));
    lat_signal_free(from);
    *sig = to;
    return LAT_OK;
}

static bool ends_in_csv(const char *path)
{
    const char *dot = strrchr(path, '.');

    return dot && strcmp(dot, ".csv") == 0;
}

static enum lat_code write_csv(const struct lat_signal *sig, const char *path,
                               struct lat_err *err)
{
    struct lat_buf b = {0};
    enum lat_code code;

    lat_csv_encode(&b, sig);
    code = cli_write(&b, path, err);
    lat_buf_fini(&b);
    return code;
}

static enum lat_code write_wfdb(const struct lat_signal *sig, const char *path,
                                struct lat_err *err)
{
    const char *slash = strrchr(path, '/');
    char dir[4096] = ".";
    char name[256];
    size_t len;

    snprintf(name, sizeof(name), "%s", slash ? slash + 1 : path);
    len = strlen(name);
    if (len > 4 && strcmp(name + len - 4, ".hea") == 0)
        name[len - 4] = '\0';
    if (slash)
        snprintf(dir, sizeof(dir), "%.*s",
                 slash == path ? 1 : (int)(slash - path), path);
    return lat_wfdb_write(sig, dir, name, err);
}

static enum lat_code synth(const struct options *o, struct lat_err *err)
{
    struct lat_synth spec = o->spec;
    struct lat_signal *sig = NULL;
    size_t skip = (size_t)lrint(o->shift_ms / 1000.0 * spec.rate_hz);
    enum lat_code code;

    spec.seed = o->seed;
    spec.seconds += o->shift_ms / 1000.0;
    code = lat_synth_ecg(&sig, &spec, err);
    if (!code && skip)
        code = shift(&sig, skip, err);
    if (!code)
        code = ends_in_csv(o->output) ? write_csv(sig, o->output, err)
                                      : write_wfdb(sig, o->output, err);
    lat_signal_free(sig);
    return code;
}

static enum lat_code draw(const struct options *o, struct lat_err *err)
{
    struct lat_image *image = NULL;
    struct lat_buf b = {0};
    enum lat_code code = lat_synth_image(&image, o->scene ? o->scene : "ship",
                                         (size_t)o->size, o->seed, err);

    if (!code)
        code = lat_png_encode(&b, image, err);
    if (!code)
        code = cli_write(&b, o->output, err);
    lat_buf_fini(&b);
    lat_image_free(image);
    return code;
}

static int run(const struct cli_command *cmd, int argc, char **argv)
{
    struct options o = {.spec = lat_synth_defaults(), .seed = 1, .size = 256};
    struct lat_err err = {0};
    int first, status;

    if (!cli_parse(cmd, &o, argc, argv, &first, &status))
        return status;
    if (first + 1 != argc ||
        (strcmp(argv[first], "ecg") != 0 && strcmp(argv[first], "image") != 0))
        return cli_misuse(cmd, "what to make must be given: ecg or image");
    if (!o.output)
        return cli_misuse(cmd, "--output must be given");
    if (strcmp(argv[first], "image") == 0)
        return draw(&o, &err) ? cli_report(&err) : CLI_OK;
    if (o.shift_ms < 0.0 || o.shift_ms > 60000.0)
        return cli_misuse(cmd, "--shift-ms %g: must be 0 to 60000", o.shift_ms);
    return synth(&o, &err) ? cli_report(&err) : CLI_OK;
}

const struct cli_command cli_synth = {
    "synth",
    "ecg|image -o FILE",
    "Make up a recording or a picture",
    "The ECG is that of McSharry, Clifford, Tarassenko and Smith (2003).  The "
    "same\noptions give the same recording; --shift-ms 75 gives the same heart "
    "75 ms later.\n"
    "An image is a PNG of a scene, which the seed moves, mirrors and "
    "colours.\n",
    options,
    run,
};
