/*
 * picture.h - bytes that should be an image, to an input that is not decoded
 * yet: what is wrong with its header is found here, what is wrong with its
 * pixels when they are wanted.
 */
#ifndef LATD_WIRE_PICTURE_H
#define LATD_WIRE_PICTURE_H

#include "../wire.h"
#include "json.h"

/* What somebody said that the bytes are; as a media type. */
enum latd_claim { LATD_CLAIM_NONE, LATD_CLAIM_JPEG, LATD_CLAIM_PNG };

/* image/jpeg, image/png; LATD_CLAIM_NONE for other types. */
enum latd_claim latd_claim_of(const char *type);

/* The bytes are lent and must outlive the input. */
LAT_MUST_CHECK enum lat_code latd_picture_open(struct latd_embed_input *out,
                                               const struct lat_blob *file,
                                               enum latd_claim claim,
                                               struct lat_err *err);
/* The same with bytes that become the input's, or are freed. */
LAT_MUST_CHECK enum lat_code latd_picture_adopt(struct latd_embed_input *out,
                                                char *bytes, size_t len,
                                                enum latd_claim claim,
                                                struct lat_err *err);
void latd_picture_free(struct latd_picture *p);
/* An object {"type": "image" | "input_image" | "image_url", …} with a data URI
 * in image_url, or base64 in data; its id is read already. */
LAT_MUST_CHECK enum lat_code latd_picture_part(struct latd_embed_input *out,
                                               struct latd_doc *doc,
                                               const json_t *part,
                                               struct lat_err *err);
/* Whether type is one of these three. */
bool latd_picture_is_part(const char *type);

#endif
