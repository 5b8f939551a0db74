/*
 * reply.h - the sections of an item of a reply, a file each.
 *
 * A section is asked for by a bit of enum LATD_INCLUDE and writes the value of
 * its member, or null when the model has no such thing.
 */
#ifndef LATD_WIRE_REPLY_H
#define LATD_WIRE_REPLY_H

#include "parts.h"

struct latd_writer {
    struct lat_buf *out;
    struct lat_buf bytes; /* with LATD_BYTES: what follows the JSON */
    const struct latd_embed_reply *r;
    float *scratch; /* (dims) */
};

/* ---- wire/vector.c */

/* Every array of floats goes this way, so one decoder suffices.  As bytes, it
 * is a tensor of the Open Inference Protocol: its bytes follow the JSON, in
 * the order in which the tensors stand there. */
void latd_write_vector(struct latd_writer *w, const float *v, size_t n);
void latd_write_float(struct lat_buf *out, float v);
double latd_norm(const float *v, size_t n);

/* ---- wire/partitions.c */

void latd_write_partitions(struct latd_writer *w, const float *z);

/* ---- wire/task.c */

void latd_write_task(struct latd_writer *w, const float *likely);

/* ---- wire/gates.c */

void latd_write_gates(struct latd_writer *w, const struct lat_image_code *code);

#endif
