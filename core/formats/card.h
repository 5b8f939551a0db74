/* card.h - what the reader and the writer of cards have in common. */
#ifndef LAT_CARD_H
#define LAT_CARD_H

#include "../formats.h"
#include "json.h"

/* By enum lat_task; none is null in a card. */
extern const char *const lat__task_names[3];

/* ---- card_net.c: each from the card's field of that name */
LAT_MUST_CHECK enum lat_code lat__card_architecture(
    struct lat__architecture *arch, const json_t *v, enum lat_modality modality,
    struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__card_latent(struct lat_card *card,
                                              const json_t *v,
                                              struct lat_err *err);
/* v may be NULL or null. */
LAT_MUST_CHECK enum lat_code lat__card_task(struct lat_card *card,
                                            const json_t *v,
                                            struct lat_err *err);

/* ---- card_image.c: of images; each from, and to, the card's field of that
 * name.  What is written is NULL when there is no memory. */
LAT_MUST_CHECK enum lat_code lat__card_image_input(struct lat_image_input *in,
                                                   const json_t *v,
                                                   struct lat_err *err);
json_t *lat__card_image_input_json(const struct lat_image_input *in);
LAT_MUST_CHECK enum lat_code lat__card_image_prep(struct lat_image_input *in,
                                                  const json_t *v,
                                                  struct lat_err *err);
json_t *lat__card_image_prep_json(const struct lat_image_input *in);
/* v may be NULL or null. */
LAT_MUST_CHECK enum lat_code lat__card_gate(struct lat_card *card,
                                            const json_t *v,
                                            struct lat_err *err);
json_t *lat__card_gate_json(const struct lat_gate *gate);
/* What a latent of images has besides. */
LAT_MUST_CHECK enum lat_code lat__card_nonneg(struct lat_card *card,
                                              const json_t *latent,
                                              struct lat_err *err);

/* ---- card_null.c */
/* v may be NULL or null.  After the latent. */
LAT_MUST_CHECK enum lat_code lat__card_null(struct lat_card *card,
                                            const json_t *v,
                                            struct lat_err *err);

/* ---- card_out.c */
/* SHA-256 of what decides the network's input, whatever words say it. */
LAT_MUST_CHECK enum lat_code lat__prep_digest(char hex[LAT_DIGEST_HEX],
                                              const struct lat_card *card,
                                              struct lat_err *err);

#endif
