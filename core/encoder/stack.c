/*
 * stack.c - forward walks the layers up, backward walks them down.
 *
 * An activation that several layers read gets the sum of their gradients: the
 * last reader, whom backward meets first, writes, the others' share is made
 * aside and added.  In a plain chain two places for gradients take turns.
 */
#include "../encoder.h"

/* ---- activations */

static size_t aligned(size_t n)
{
    return (n + 15) / 16 * 16;
}

static struct lat_tensor view(struct lat__shape s, size_t rows)
{
    return (struct lat_tensor){NULL, rows, s.h, s.w, s.c};
}

/* Gives the tensor its place behind *len floats; counts only, without room. */
static void carve(struct lat_tensor *t, float *room, size_t *len)
{
    if (room)
        t->v = room + *len;
    *len += aligned(lat__count(*t));
}

/* Floats of the largest activation whose gradient is a sum. */
static size_t most_shared(const struct lat__stack *s, size_t rows)
{
    size_t most = 0;

    for (size_t i = 0; i < s->n_layers; i++) {
        const struct lat__layer *l = &s->layers[i];
        size_t n = lat__count(view(l->in, rows));

        if ((l->x_shared || l->z_shared) && n > most)
            most = n;
    }
    return most;
}

/* Whether any layer writes it, or the caller: fold.c leaves some out. */
static bool written(const struct lat__stack *s, size_t act)
{
    for (size_t i = 0; i < s->n_layers; i++)
        if (s->layers[i].y == act && !s->layers[i].folded)
            return true;
    return act == 0;
}

/* Whether each layer reads what the one before it writes, and no more. */
static bool is_chain(const struct lat__stack *s)
{
    for (size_t i = 0; i < s->n_layers; i++)
        if (s->layers[i].spec.from > 1 || s->layers[i].spec.with)
            return false;
    return true;
}

static void lay_out_grads(struct lat__acts *a, float *room, size_t *len,
                          enum lat__grads grads)
{
    const struct lat__stack *s = a->stack;
    size_t turn = 0, most = 0;
    struct lat_tensor place[2] = {{0}, {0}};

    for (size_t i = 1; i < s->n_layers; i++)
        most = lat__count(a->act[i]) > most ? lat__count(a->act[i]) : most;
    for (size_t i = 0; i < 2 && is_chain(s); i++) {
        place[i] = (struct lat_tensor){NULL, 1, 1, 1, most};
        carve(&place[i], room, len);
    }
    for (size_t i = grads == LAT_GRADS; i <= s->n_layers; i++) {
        if (!written(s, i))
            continue;
        if (is_chain(s) && i > 0 && i < s->n_layers)
            a->dact[i].v = place[turn++ % 2].v;
        else
            carve(&a->dact[i], room, len);
    }
}

static size_t lay_out(struct lat__acts *a, float *room, enum lat__grads grads)
{
    const struct lat__stack *s = a->stack;
    size_t len = 0, shared = most_shared(s, a->max_rows);

    for (size_t i = 0; i <= s->n_layers; i++) {
        a->act[i] = a->dact[i] = view(lat__act_shape(s, i), a->max_rows);
        if (written(s, i))
            carve(&a->act[i], room, &len);
    }
    if (grads)
        lay_out_grads(a, room, &len, grads);
    if (room)
        a->saved = room + len;
    len += aligned(s->n_saved);
    for (size_t i = 0; i < 2 && grads; i++) {
        a->spare[i] = (struct lat_tensor){NULL, 1, 1, 1, shared};
        carve(&a->spare[i], room, &len);
    }
    return len;
}

enum lat_code lat__acts_new(struct lat__acts **out, const struct lat__stack *s,
                            size_t max_rows, enum lat__grads grads,
                            struct lat_err *err)
{
    struct lat__acts *a = lat_calloc(1, sizeof(*a));

    if (!a)
        goto nomem;
    a->stack = s;
    a->max_rows = max_rows;
    a->act = lat_calloc(s->n_layers + 1, sizeof(*a->act));
    a->dact = lat_calloc(s->n_layers + 1, sizeof(*a->dact));
    if (!a->act || !a->dact)
        goto nomem;
    a->room = lat_calloc(lay_out(a, NULL, grads), sizeof(float));
    if (!a->room)
        goto nomem;
    lay_out(a, a->room, grads);
    *out = a;
    return LAT_OK;
nomem:
    lat__acts_free(a);
    return lat_fail(err, LAT_ENOMEM, "%s: activations of %zu rows", s->name,
                    max_rows);
}

void lat__acts_free(struct lat__acts *a)
{
    if (!a)
        return;
    lat_free(a->room);
    lat_free(a->act);
    lat_free(a->dact);
    lat_free(a);
}

void lat__acts_rows(struct lat__acts *a, size_t rows)
{
    assert(rows >= 1 && rows <= a->max_rows);
    for (size_t i = 0; i <= a->stack->n_layers; i++)
        a->act[i].n = a->dact[i].n = rows;
}

/* ---- passes */

static struct lat__io io_of(const struct lat__acts *a, size_t i)
{
    const struct lat__layer *l = &a->stack->layers[i];

    return (struct lat__io){
        .y = a->act[l->y],
        .x = a->act[l->x],
        .z = a->act[l->z],
        .dy = a->dact[l->y],
        .dx = a->dact[l->x],
        .dz = a->dact[l->z],
        .saved = a->saved + l->saved,
    };
}

/* Points at spare memory what must be added, and not written, to its place. */
static void set_aside(struct lat__io *io, const struct lat__acts *a, size_t i)
{
    const struct lat__layer *l = &a->stack->layers[i];

    if (l->x_shared && io->dx.v)
        io->dx.v = a->spare[0].v;
    if (l->z_shared && io->dz.v)
        io->dz.v = a->spare[1].v;
}

static void add_aside(const struct lat_ctx *ctx, struct lat_tensor sum,
                      struct lat_tensor more)
{
    if (more.v && more.v != sum.v)
        lat__add_forward(ctx, sum, sum, more);
}

void lat__stack_forward(const struct lat_ctx *ctx, float *params,
                        const struct lat__acts *a)
{
    for (size_t i = 0; i < a->stack->n_layers; i++) {
        const struct lat__layer *l = &a->stack->layers[i];
        struct lat__io io = io_of(a, i);

        if (l->folded)
            continue;
        if (l->kind->train && i >= a->frozen)
            l->kind->train(ctx, l, params, &io);
        else
            l->kind->forward(ctx, l, params, &io);
    }
}

void lat__stack_backward(const struct lat_ctx *ctx, float *grads,
                         const float *params, const struct lat__acts *a)
{
    for (size_t i = a->stack->n_layers; i-- > a->frozen;) {
        const struct lat__layer *l = &a->stack->layers[i];
        struct lat__io io = io_of(a, i);

        if (l->folded)
            continue;
        set_aside(&io, a, i);
        l->kind->backward(ctx, l, params, grads, &io);
        add_aside(ctx, a->dact[l->x], io.dx);
        if (l->spec.with)
            add_aside(ctx, a->dact[l->z], io.dz);
    }
}

void lat__stack_eval(const struct lat_ctx *ctx, const float *params,
                     const struct lat__acts *a)
{
    for (size_t i = 0; i < a->stack->n_layers; i++) {
        const struct lat__layer *l = &a->stack->layers[i];
        struct lat__io io = io_of(a, i);

        if (!l->folded)
            l->kind->forward(ctx, l, params, &io);
    }
}

size_t lat__shape_size(struct lat__shape s)
{
    return s.h * s.w * s.c;
}

struct lat__shape lat__act_shape(const struct lat__stack *s, size_t act)
{
    return act ? s->layers[act - 1].out : s->in;
}
