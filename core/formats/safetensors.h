/* safetensors.h - what the files around it have in common. */
#ifndef LAT_SAFETENSORS_H
#define LAT_SAFETENSORS_H

#include "../formats.h"

enum { LAT_ST_PREFIX = 8 }; /* bytes: the header's length */

static const char lat__metadata_key[] = "__metadata__";
static const char lat__card_key[] = "latentd.card";

/* Little-endian; of 8 bytes. */
uint64_t lat__read_u64(const unsigned char *p);

#endif
