/*
 * plan.h - the engine's inner side of plans: the steps that serve one window,
 * or one image.
 *
 * A plan is a list of steps over one room of floats per workspace.  A
 * convolution or linear layer with the normalisation and the ReLU behind it is
 * one product, or of an image one for each row and row of the kernel; a sum
 * with the ReLU behind it goes row by row; every other layer runs as in the
 * stack.  Each activation that a convolution pads has its zeros around it in
 * the room, where they stay: a step writes between them, and the next reads
 * across.
 *
 * The heads of images have as many places of each activation as the workspace
 * has slots, all the same number of floats apart, so that a product of vectors
 * has a row for each slot.
 *
 * In bfloat16 a product's weights lie in the plan as pairs, and its input is
 * narrowed to pairs before it, a row of an image to a line.  All else, the
 * activations among it, is float32.
 */
#ifndef LAT_PLAN_H
#define LAT_PLAN_H

#include "encoder.h"
#include "signal.h"

#include <stdatomic.h>

/* Where an activation is in the room. */
struct lat__place {
    size_t at, row; /* its first float, and those from row to row of an image */
};

enum lat__way {
    LAT_BY_PRODUCT,
    LAT_BY_ROWS, /* what goes on where it was */
    LAT_AS_A_WHOLE
};

struct lat__step {
    const struct lat__layer *layer;
    struct lat__place x, z, y;
    enum lat__way way;
    bool relu;           /* and the one behind it */
    bool rows_are_slots; /* a product of vectors, for all slots at once */
    /* Of a product: */
    size_t from, stride; /* of positions, the first with its padding */
    size_t rows, taps;   /* of the output, and of the kernel */
    size_t down;         /* floats of the input from row to row of the output */
    size_t m, n, k;
    size_t w, b, w_row; /* in the plan's weights */
    size_t w_tap;       /* floats of weights from row to row of the kernel */
    struct lat__lines {
        size_t n, pitch; /* pairs from line to line */
        size_t stride;   /* pairs from position to position */
        size_t depth;    /* pairs of k */
        size_t gathered; /* positions, each with pairs of its own; or 0 */
        size_t floats;   /* of a line that is narrowed as it lies */
    } lines;             /* of bfloat16 */
};

/* The steps of one stack, and where it begins and ends. */
struct lat__course {
    size_t begin, end;
    struct lat__place in;
    size_t out;
};

struct lat_plan {
    atomic_uint refs;
    struct lat_model *model;
    const struct lat_kernel *kernel;
    enum lat_precision precision;
    struct lat__conditioner *conditioner;
    struct lat__course course[LAT_N_STACKS]; /* that of the task is empty */
    size_t n_steps;
    struct lat__step *steps;
    float *weights; /* folded, rows on cache lines */
    size_t flat[2]; /* in the room: an input and an output without padding */
    size_t pairs;   /* in the room: an input of bfloat16 */
    size_t n_slots, slot; /* floats from slot to slot of the heads */
    size_t room, scratch; /* floats, and doubles for the conditioner */
    char arithmetic[32];
};

/* ---- plan/fold.c */

/* Fills courses, steps, weights and room from the model. */
LAT_MUST_CHECK enum lat_code lat__plan_fold(struct lat_plan *p,
                                            struct lat_err *err);

/* ---- plan/pairs.c */

/* What of a product's lines follows from the rest of the step. */
void lat__plan_lines(struct lat__step *st);
/* The step's input, from the room to its lines. */
void lat__plan_narrow(const struct lat_plan *p, const struct lat__step *st,
                      float *room);

/* ---- plan/run.c */

struct lat_workspace {
    const struct lat_plan *plan; /* whose layout it has; not followed */
    double *scratch;
    float *room;
};

/* From what stands at the encoder's in to its out. */
void lat__plan_encode(const struct lat_plan *p, float *room);
/* The same of a head, in each of the first n slots. */
void lat__plan_head(const struct lat_plan *p, float *room, unsigned stack,
                    size_t n);
/* What the encoder gave, to where the heads begin in that slot. */
void lat__plan_keep(const struct lat_plan *p, float *room, size_t slot);
/* An image x (height, width, 3) to where the encoder begins. */
void lat__plan_put(const struct lat_plan *p, float *room, const float *x);

#endif
