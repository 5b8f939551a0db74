/*
 * keys.c - the table of a recipe's keys: name, type, default, bounds.
 *
 * deploy/recipes/README.md says what each means; a test holds the two
 * together.
 */
#include "../train.h"

#include <string.h>

static const char *objective_name(unsigned i)
{
    const struct lat__objective_row *row = lat__objective_row(i);

    return row ? row->name : NULL;
}

static const char *ends_name(unsigned i)
{
    return i < LAT_N_ENDS ? lat__ends_name((enum lat_ends)i) : NULL;
}

static const char *scale_name(unsigned i)
{
    return i < LAT_N_SCALES ? lat__scale_name((enum lat_scale)i) : NULL;
}

static const char *negatives_name(unsigned i)
{
    static const char *const names[] = {"other-source", "other-subject",
                                        "other-class", NULL};

    return names[i];
}

static const char *kind_name(unsigned i)
{
    static const char *const names[] = {"wfdb", "hapt", "wisdm", "images",
                                        NULL};

    return names[i];
}

static const char *decay_name(unsigned i)
{
    static const char *const names[] = {"cosine", "constant", NULL};

    return names[i];
}

static const char *best_name(unsigned i)
{
    static const char *const names[] = {"loss", "task", "contrast", "last",
                                        NULL};

    return names[i];
}

static const char *prior_by_name(unsigned i)
{
    static const char *const names[] = {"all", "activity", NULL};

    return names[i];
}

static const char *stem_name(unsigned i)
{
    static const char *const names[] = {"small", "large", NULL};

    return names[i];
}

static const char *optimiser_name(unsigned i)
{
    static const char *const names[] = {"adam", "sgd", "lars", NULL};

    return names[i];
}

static const char *precision_name(unsigned i)
{
    return i < LAT_N_PRECISIONS ? lat_precision_name((enum lat_precision)i)
                                : NULL;
}

#define AT(field) offsetof(struct lat_recipe, field)
#define TEXT(name, field, text)                         \
    {                                                   \
        name, LAT_KEY_TEXT, AT(field), text, 0, 0, NULL \
    }
#define COUNT(name, field, text, lo, hi)                   \
    {                                                      \
        name, LAT_KEY_COUNT, AT(field), text, lo, hi, NULL \
    }
#define NUMBER(name, field, text, lo, hi)                   \
    {                                                       \
        name, LAT_KEY_NUMBER, AT(field), text, lo, hi, NULL \
    }
#define YES(name, field, text)                         \
    {                                                  \
        name, LAT_KEY_YES, AT(field), text, 0, 0, NULL \
    }
#define CHOICE(name, field, text, names)                   \
    {                                                      \
        name, LAT_KEY_CHOICE, AT(field), text, 0, 0, names \
    }

static const struct lat__key keys[] = {
    TEXT("name", name, "model"),
    CHOICE("objective", objective, "scl", objective_name),

    /* what is read */
    CHOICE("dataset", kind, "wfdb", kind_name),
    TEXT("classes", classes, ""),
    TEXT("labelled", labelled, ""),
    TEXT("train", lists[LAT_TRAIN], ""),
    TEXT("valid", lists[LAT_VALID], ""),
    TEXT("test", lists[LAT_TEST], ""),
    TEXT("data", data, ""),
    TEXT("licence", licence, ""),
    TEXT("leads", leads, "MLII II V5 V1 V2"),
    TEXT("unit", unit, "mV"),
    NUMBER("rate", rate_hz, "360", 1, 1e6),
    COUNT("window", window, "720", 1, 1 << 20),
    COUNT("hop", hop, "1", 1, 1 << 20),

    /* what is done to each window */
    NUMBER("low", prep.low_hz, "0.5", 0, 1e6),
    NUMBER("high", prep.high_hz, "40", 0, 1e6),
    {"order", LAT_KEY_SMALL, AT(prep.order), "2", 1, 8, NULL},
    CHOICE("ends", prep.ends, "odd", ends_name),
    COUNT("pad", prep.pad, "0", 0, 1 << 20),
    YES("center", prep.center, "yes"),
    CHOICE("scale", prep.scale, "mad", scale_name),
    NUMBER("floor", prep.floor, "0.02", 0, 1e9),
    NUMBER("divisor", prep.divisor, "0", 0, 1e9),

    /* the network */
    TEXT("encoder", encoder,
         "conv1d 16 k7 s2 p3, batchnorm, relu, conv1d 32 k7 s2 p3, batchnorm, "
         "relu, conv1d 64 k5 s2 p2, batchnorm, relu, conv1d 64 k5 s2 p2, "
         "batchnorm, relu, flatten, linear 64"),
    TEXT("task", task,
         "linear 2880, unflatten w45 c64, batchnorm, relu, "
         "upsample x2, conv1d 64 k5 p2, batchnorm, relu, "
         "upsample x2, conv1d 32 k5 p2, batchnorm, relu, "
         "upsample x2, conv1d 16 k7 p3, batchnorm, relu, "
         "upsample x2, conv1d 1 k7 p3"),
    COUNT("invariant", block[LAT_INV], "32", 1, 1 << 16),
    COUNT("variant", block[LAT_VAR], "16", 0, 1 << 16),
    COUNT("free", block[LAT_FREE], "16", 0, 1 << 16),
    YES("pooled", pooled, "no"),

    /* the batch and its views */
    COUNT("batch", batch, "64", 1, 1 << 16),
    COUNT("views", views, "2", 1, 16),
    COUNT("group", group, "1", 1, 1 << 16),
    NUMBER("max_shift", max_shift_ms, "150", 0, 1e6),
    NUMBER("max_rotation", max_rotation, "0", 0, 180),
    NUMBER("noise", noise, "0", 0, 1e6),
    NUMBER("gain", gain, "0", 0, 10),
    NUMBER("stretch", stretch, "0", 0, 2),
    NUMBER("lead_mix", lead_mix, "0", 0, 1),
    CHOICE("negatives", negatives, "other-source", negatives_name),

    /* the loss */
    NUMBER("w_task", w_task, "1", 0, 1e6),
    NUMBER("task_noise", task_noise, "0", 0, 100),
    NUMBER("lambda", lambda, "1", 0, 1e6),
    NUMBER("w_inv", weight[LAT_W_INV], "", 0, 1e6),
    NUMBER("w_var", weight[LAT_W_VAR], "", 0, 1e6),
    NUMBER("w_neg", weight[LAT_W_NEG], "", 0, 1e6),
    NUMBER("w_nce", weight[LAT_W_NCE], "", 0, 1e6),
    NUMBER("w_graded", weight[LAT_W_GRADED], "", 0, 1e6),
    NUMBER("kappa", kappa, "", 0, 1e6),
    NUMBER("tau", tau, "0.1", 1e-3, 1e3),
    NUMBER("m_var", m_var, "0", -1, 1),
    NUMBER("m_neg", m_neg, "0", -1, 1),

    /* the optimiser */
    COUNT("steps", steps, "2500", 1, 1e9),
    NUMBER("lr", lr, "0.001", 0, 1e3),
    COUNT("warm_up", warm_up, "100", 0, 1e9),
    CHOICE("decay", decay, "cosine", decay_name),
    NUMBER("final_rate", final_rate, "0", 0, 1),
    NUMBER("weight_decay", weight_decay, "0.0001", 0, 1e3),
    NUMBER("beta1", beta1, "0.9", 0, 0.999999),
    NUMBER("beta2", beta2, "0.999", 0, 0.999999),
    NUMBER("epsilon", epsilon, "1e-08", 1e-16, 1),
    NUMBER("clip", clip, "5", 0, 1e9),
    COUNT("seed", seed, "1", 0, 1e15),
    CHOICE("precision", precision, "float32", precision_name),
    COUNT("freeze", freeze, "0", 0, 256),
    NUMBER("early_lr", early_lr, "1", 1e-6, 1),

    /* which step is kept */
    COUNT("validate_every", validate_every, "250", 0, 1e9),
    COUNT("validate_windows", validate_windows, "60", 2, 1e6),
    CHOICE("best", best, "loss", best_name),

    /* of pictures alone: what is read and how it is seen */
    COUNT("size", image.size, "32", 4, 512),
    TEXT("mean", image.mean, "0.4914 0.4822 0.4465"),
    TEXT("deviation", image.deviation, "0.2470 0.2435 0.2616"),
    COUNT("hold_out", image.hold_out, "0", 0, 1 << 20),
    COUNT("validate_images", image.validate_images, "1024", 2, 1 << 20),
    NUMBER("area", image.area, "0.08", 0.01, 1),
    NUMBER("jitter", image.jitter, "0.8", 0, 1),
    NUMBER("brightness", image.brightness, "0.8", 0, 10),
    NUMBER("contrast", image.contrast, "0.8", 0, 10),
    NUMBER("saturation", image.saturation, "0.8", 0, 10),
    NUMBER("hue", image.hue, "0.2", 0, 0.5),
    NUMBER("grey", image.grey, "0.2", 0, 1),
    NUMBER("blur", image.blur, "0.5", 0, 1),
    NUMBER("flip", image.flip, "0.5", 0, 1),

    /* the networks */
    CHOICE("stem", image.stem, "small", stem_name),
    COUNT("stem_pad", image.stem_pad, "1", 0, 2),
    COUNT("width", image.width, "16", 1, 1024),
    TEXT("blocks", image.blocks, "1 1 1"),
    COUNT("hidden", image.hidden, "256", 1, 1 << 16),
    COUNT("dims", image.dims, "64", 1, 1 << 16),
    CHOICE("nonnegativity", image.nonneg, "none", lat_nonneg_name),
    COUNT("top_k", image.top_k, "0", 0, 1 << 16),
    CHOICE("gate", image.gate, "off", lat__gate_name),
    COUNT("gate_layers", image.gate_layers, "2", 1, 3),
    YES("isolated", image.isolated, "yes"),
    NUMBER("temperature", image.temperature, "1", 1e-3, 1e3),
    NUMBER("cool", image.cool, "", 1e-3, 1e3),
    NUMBER("prior", image.prior, "0.8", 0, 1),
    CHOICE("prior_by", image.prior_by, "all", prior_by_name),
    NUMBER("price", image.price, "3e-05", 0, 1e3),

    /* their optimiser */
    CHOICE("optimiser", image.optimiser, "adam", optimiser_name),
    NUMBER("eta", image.eta, "0.02", 0, 1e3),
    NUMBER("momentum", image.momentum, "0.9", 0, 0.999999),
    NUMBER("gate_lr", image.gate_lr, "0.001", 0, 1e3),
    NUMBER("class_lr", image.class_lr, "0.001", 0, 1e3),
};

const struct lat__key *lat__key(size_t i)
{
    return i < sizeof(keys) / sizeof(keys[0]) ? &keys[i] : NULL;
}

static const char shared[] =
    " name dataset train valid test data licence batch "
    "tau steps lr warm_up weight_decay beta1 beta2 "
    "epsilon seed precision freeze early_lr validate_every best ";

static bool is_shared(const char *name)
{
    size_t n = strlen(name);

    for (const char *at = shared; (at = strstr(at, name)); at += n)
        if (at[-1] == ' ' && at[n] == ' ')
            return true;
    return false;
}

bool lat__key_applies(const struct lat__key *k, const struct lat_recipe *r)
{
    const bool of_pictures = k->offset >= AT(image);

    return is_shared(k->name) || of_pictures == (r->kind == LAT_PICTURES);
}
