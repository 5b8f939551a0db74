/*
 * spec.h - layers as a recipe or a card writes them, before anyone has checked
 * that they fit together.
 */
#ifndef LAT_SPEC_H
#define LAT_SPEC_H

#include "../latent/base.h"

enum {
    LAT_LAYERS_MAX = 256,    /* of a stack */
    LAT_FIELD_MAX = 1 << 20, /* the largest number in a layer */
};

/* What a recipe or a card says of a layer; zero is not said.  Activations are
 * counted back from the layer: 1, what is said by default, is the one just
 * before it, 2 the one before that; the i-th layer's i + 1 is the input. */
struct lat__layer_spec {
    const char *kind;       /* a constant, as in the table of kinds */
    size_t out;             /* channels, or features */
    size_t kernel, stride;  /* stride: 1; of a pool: the kernel */
    size_t pad;             /* zeros on both sides */
    size_t factor;          /* of upsample */
    size_t width, channels; /* of unflatten */
    size_t from;            /* the activation that it reads */
    size_t with;            /* the one that add adds to it */
};

/* The fields by name in a card, by letter in a recipe. */
struct lat__layer_field {
    const char *name, *letter; /* "" for the number without a letter */
    size_t offset;
};

enum { LAT_LAYER_FIELDS = 9 };
extern const struct lat__layer_field lat__layer_fields[LAT_LAYER_FIELDS];

/* The constant of that name, NULL when there is no such kind. */
const char *lat__layer_name(const char *name);
size_t *lat__layer_field(struct lat__layer_spec *l, size_t field);

/* "conv1d 16 k7 s2 p3, batchnorm, relu, flatten, linear 64" to *n layers, the
 * caller's to lat_free.  Further: "maxpool k2", "avgpool", "upsample x2",
 * "unflatten w45 c64", "add with4", "conv1d 32 k1 s2 from3", and of images
 * "conv2d 64 k3 p1"; a maxpool is then square.  An empty text is
 * no layers. */
LAT_MUST_CHECK enum lat_code lat__layers_parse(struct lat__layer_spec **out,
                                               size_t *n, const char *text,
                                               struct lat_err *err);
void lat__layers_print(struct lat_buf *out, const struct lat__layer_spec *l,
                       size_t n);

#endif
