/* card.h - what the reader and the writer of cards have in common. */
#ifndef LAT_CARD_H
#define LAT_CARD_H

#include "../formats.h"
#include "json.h"

/* By enum lat_task; none is null in a card. */
extern const char *const lat__task_names[3];

/* ---- card_net.c: each from the card's field of that name */
LAT_MUST_CHECK enum lat_code lat__card_architecture(
    struct lat__architecture *arch, const json_t *v, struct lat_err *err);
LAT_MUST_CHECK enum lat_code lat__card_latent(struct lat_card *card,
                                              const json_t *v,
                                              struct lat_err *err);
/* v may be NULL or null. */
LAT_MUST_CHECK enum lat_code lat__card_task(struct lat_card *card,
                                            const json_t *v,
                                            struct lat_err *err);

/* ---- card_out.c */
/* SHA-256 of what decides the network's input, whatever words say it. */
LAT_MUST_CHECK enum lat_code lat__prep_digest(char hex[LAT_DIGEST_HEX],
                                              const struct lat_input *in,
                                              const struct lat_prep *prep,
                                              struct lat_err *err);

#endif
