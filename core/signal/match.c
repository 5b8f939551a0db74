/* match.c - which channels of a recording a model reads, and in what unit. */
#include "../signal.h"

#include <strings.h>

/* Names as "[I, V1]", cut where there is no more room. */
static void list_names(struct lat_buf *b, const struct lat_signal *sig)
{
    lat_buf_puts(b, "[");
    for (size_t k = 0; k < sig->n_channels && b->len < 200; k++)
        lat_buf_printf(b, "%s%s", k ? ", " : "", sig->channels[k].name);
    lat_buf_puts(b, b->len < 200 ? "]" : ", ...]");
}

static enum lat_code fail_missing(const struct lat_card *card,
                                  const char *wanted,
                                  const struct lat_signal *sig,
                                  struct lat_err *err)
{
    struct lat_buf b = {0};
    enum lat_code code;

    list_names(&b, sig);
    code = lat_fail_word(err, LAT_EUNFIT, "missing_channel",
                         "model %s wants channel %s, the signal has %s",
                         card->name, wanted, b.v ? b.v : "others");
    lat_buf_fini(&b);
    return lat_at(err, code, "channels");
}

/* Same spelling before same meaning; n_channels when there is none. */
static size_t find(const struct lat_signal *sig, const char *name)
{
    for (size_t k = 0; k < sig->n_channels; k++)
        if (strcasecmp(sig->channels[k].name, name) == 0)
            return k;
    for (size_t k = 0; k < sig->n_channels; k++)
        if (lat_channel_same(sig->channels[k].name, name))
            return k;
    return sig->n_channels;
}

static enum lat_code check_single(const struct lat_signal *sig, size_t k,
                                  struct lat_err *err)
{
    for (size_t i = k + 1; i < sig->n_channels; i++)
        if (strcasecmp(sig->channels[i].name, sig->channels[k].name) == 0)
            return lat_at(err,
                          lat_fail_word(err, LAT_EUNFIT, "duplicate_channel",
                                        "channels %zu and %zu are both %s", k,
                                        i, sig->channels[k].name),
                          "channels[%zu].name", i);
    return LAT_OK;
}

static enum lat_code match_first(size_t *map, const struct lat_card *card,
                                 const struct lat_signal *sig,
                                 struct lat_err *err)
{
    const struct lat_input *in = &card->input;
    struct lat_buf wanted = {0};
    enum lat_code code;

    for (size_t i = 0; i < in->n_names; i++) {
        map[0] = find(sig, in->names[i]);
        if (map[0] < sig->n_channels)
            return check_single(sig, map[0], err);
    }
    for (size_t i = 0; i < in->n_names; i++)
        lat_buf_printf(&wanted, "%s%s", i ? " or " : "", in->names[i]);
    code = fail_missing(card, wanted.v ? wanted.v : "", sig, err);
    lat_buf_fini(&wanted);
    return code;
}

static enum lat_code match_positions(size_t *map, const struct lat_card *card,
                                     const struct lat_signal *sig,
                                     struct lat_err *err)
{
    const size_t n = card->input.n_channels;

    if (sig->n_channels < n)
        return lat_at(err,
                      lat_fail_word(err, LAT_EUNFIT, "missing_channel",
                                    "model %s wants %zu channels, the signal "
                                    "has %zu",
                                    card->name, n, sig->n_channels),
                      "channels");
    for (size_t k = 0; k < n; k++)
        map[k] = k;
    return LAT_OK;
}

enum lat_code lat__match_channels(size_t *map, const struct lat_card *card,
                                  const struct lat_signal *sig, bool positional,
                                  struct lat_err *err)
{
    const struct lat_input *in = &card->input;
    enum lat_code code = LAT_OK;

    if (positional)
        return match_positions(map, card, sig, err);
    if (in->n_channels == 1)
        return match_first(map, card, sig, err);
    for (size_t i = 0; code == LAT_OK && i < in->n_channels; i++) {
        map[i] = find(sig, in->names[i]);
        code = map[i] < sig->n_channels
                   ? check_single(sig, map[i], err)
                   : fail_missing(card, in->names[i], sig, err);
    }
    return code;
}
