/*
 * formats.h - bytes in, numbers out, and back.
 *
 * What is read comes from outside: each length, offset and name is checked
 * before it is used, and what does not fit is refused by name.  The recordings'
 * formats are public, in latent/signal.h; here stand those of model files.
 */
#ifndef LAT_FORMATS_H
#define LAT_FORMATS_H

#include "encoder/spec.h"
#include "latent/model.h"

/* ---- safetensors --------------------------------- formats/safetensors.c */

enum {
    LAT_HEADER_MAX = 16 << 20,
    LAT_TENSORS_MAX = 4096,
    LAT_DIMS_MAX = 4,
    LAT_TENSOR_NAME_MAX = 128, /* with its NUL */
};

enum lat__dtype { LAT_F64, LAT_F32, LAT_F16, LAT_BF16, LAT_I64, LAT_N_DTYPES };

struct lat__tensor {
    char name[LAT_TENSOR_NAME_MAX];
    enum lat__dtype dtype;
    size_t n_dims, dims[LAT_DIMS_MAX];
    size_t begin, end; /* bytes of data */
};

struct lat__safetensors {
    size_t n;
    struct lat__tensor *tensors; /* by name */
    const unsigned char *data;   /* in the file that was given */
    char *card;                  /* the metadata's latentd.card, or NULL */
};

/* file must outlive what is made of it. */
LAT_MUST_CHECK enum lat_code lat__safetensors_decode(
    struct lat__safetensors **out, const void *file, size_t len,
    struct lat_err *err);
void lat__safetensors_free(struct lat__safetensors *st);
/* NULL when there is none of that name. */
const struct lat__tensor *lat__safetensors_find(
    const struct lat__safetensors *st, const char *name);
size_t lat__tensor_count(const struct lat__tensor *t);
/* Its values as float32; those that are not finite are refused. */
LAT_MUST_CHECK enum lat_code lat__tensor_floats(
    float *out, const struct lat__safetensors *st, const struct lat__tensor *t,
    struct lat_err *err);

/* A tensor to be written; v has as many floats as dims say. */
struct lat__tensor_out {
    char name[LAT_TENSOR_NAME_MAX];
    size_t n_dims, dims[LAT_DIMS_MAX];
    const float *v;
};

/* The same tensors and card give the same bytes; puts tensors in order. */
LAT_MUST_CHECK enum lat_code lat__safetensors_encode(
    struct lat_buf *out, struct lat__tensor_out *tensors, size_t n,
    const char *card, struct lat_err *err);

/* The same file with another note in its card: note is JSON, and stands at key.
 */
LAT_MUST_CHECK enum lat_code lat__safetensors_note(struct lat_buf *out,
                                                   const void *file, size_t len,
                                                   const char *key,
                                                   const char *note,
                                                   struct lat_err *err);

/* ---- cards ---------------------------------------------- formats/card.c */

enum { LAT_CARD_MAX = 1 << 20 };

/* What a card says of the layers; lists of their own. */
struct lat__architecture {
    struct lat__layer_spec *encoder, *task, *projector, *gate;
    size_t n_encoder, n_task, n_projector, n_gate;
};

void lat__architecture_fini(struct lat__architecture *a);

/* LAT_EFORMAT names the field.  Of *card, json and the digests but that of
 * input and preprocessing are left alone. */
LAT_MUST_CHECK enum lat_code lat__card_decode(struct lat_card *card,
                                              struct lat__architecture *arch,
                                              const char *json,
                                              struct lat_err *err);

/* The recipe as its training has it, the caller's to lat_free; LAT_ENOENT
 * when the card tells of none. */
LAT_MUST_CHECK enum lat_code lat__card_recipe(char **out, const char *json,
                                              struct lat_err *err);

/* What stands in a card besides: each a JSON text, or NULL. */
struct lat__card_notes {
    const char *method, *training, *results, *null_scores, *licence;
};

LAT_MUST_CHECK enum lat_code lat__card_encode(
    struct lat_buf *out, const struct lat_card *card,
    const struct lat__architecture *arch, const struct lat__card_notes *notes,
    struct lat_err *err);

#endif
