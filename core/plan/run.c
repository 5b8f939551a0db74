/* run.c - the steps of a plan, one after the other. */
#include "../plan.h"

#include <string.h>

/* Rows of an image that go together: enough positions to be worth reading the
 * weights, few enough for the sums to stay near while rows of the kernel come
 * one after the other. */
enum { TOGETHER = 64 };

static void run_rows_of(const struct lat_plan *p, const struct lat__step *st,
                        struct lat_product t,
                        void (*product)(const struct lat_product *p))
{
    const float *a = t.a;
    const size_t tap =
        p->precision == LAT_BFLOAT16 ? st->lines.pitch : st->x.row;

    for (size_t q = 0; q < st->taps; q++) {
        t.a = a + q * tap;
        t.b = p->weights + st->w + q * st->w_tap;
        t.bias = q == 0 ? p->weights + st->b : NULL;
        t.add = q > 0;
        t.relu = st->relu && q + 1 == st->taps;
        product(&t);
    }
}

/* Groups of one row each. */
static struct lat_product in_one_group(struct lat_product t)
{
    t.m = t.groups;
    t.a_row = t.a_group;
    t.c_row = t.c_group;
    t.groups = 1;
    return t;
}

static void run_product(const struct lat_plan *p, const struct lat__step *st,
                        float *room)
{
    const bool pairs = p->precision == LAT_BFLOAT16;
    const size_t step = TOGETHER / st->m ? TOGETHER / st->m : 1;
    struct lat_product t = {
        .m = st->m,
        .n = st->n,
        .k = st->k,
        .a = room + st->from,
        .a_row = st->stride,
        .a_col = 1,
        .b_row = st->w_row,
        .c = room + st->y.at,
        .c_row = st->n,
        .a_group = st->down,
        .c_group = st->y.row,
    };

    if (pairs) {
        lat__plan_narrow(p, st, room);
        t.k = st->lines.depth;
        t.a = room + p->pairs;
        t.a_row = st->lines.stride;
        t.a_group = st->rows > 1 ? st->down / st->x.row * st->lines.pitch : 0;
    }
    for (size_t u = 0; u < st->rows; u += t.groups) {
        t.groups = st->rows - u < step ? st->rows - u : step;
        run_rows_of(p, st, t.m == 1 ? in_one_group(t) : t,
                    pairs ? p->kernel->product16 : p->kernel->product);
        t.a += t.groups * t.a_group;
        t.c += t.groups * t.c_group;
    }
}

static struct lat_tensor view(float *v, struct lat__shape s)
{
    return (struct lat_tensor){v, 1, s.h, s.w, s.c};
}

static struct lat_tensor row(float *room, struct lat__place at,
                             struct lat__shape s, size_t i)
{
    s.h = 1;
    return view(room + at.at + i * at.row, s);
}

static void run_rows(const struct lat_plan *p, const struct lat__step *st,
                     float *room)
{
    const struct lat__layer *l = st->layer;
    const struct lat_ctx ctx = {.kernel = p->kernel};

    for (size_t i = 0; i < l->out.h; i++) {
        const struct lat__io io = {
            .y = row(room, st->y, l->out, i),
            .x = row(room, st->x, l->in, i),
            .z = row(room, st->z, l->with, i),
        };

        l->kind->forward(&ctx, l, lat__model_params(p->model), &io);
        if (st->relu)
            lat__relu_forward(&ctx, io.y, io.y);
    }
}

/* Whether zeros stand between the rows. */
static bool is_apart(struct lat__place at, struct lat__shape s)
{
    return s.h > 1 && at.row != s.w * s.c;
}

static void run_whole(const struct lat_plan *p, const struct lat__step *st,
                      float *room)
{
    const struct lat__layer *l = st->layer;
    const struct lat_ctx ctx = {.kernel = p->kernel};
    const size_t in = l->in.w * l->in.c, out = l->out.w * l->out.c;
    struct lat__io io = {
        .y = view(room + st->y.at, l->out),
        .x = view(room + st->x.at, l->in),
        .z = view(room + st->z.at, l->with),
    };

    if (is_apart(st->x, l->in)) {
        io.x.v = room + p->flat[0];
        for (size_t i = 0; i < l->in.h; i++)
            memcpy(io.x.v + i * in, room + st->x.at + i * st->x.row,
                   in * sizeof(float));
    }
    if (is_apart(st->y, l->out))
        io.y.v = room + p->flat[1];
    l->kind->forward(&ctx, l, lat__model_params(p->model), &io);
    for (size_t i = 0; i < l->out.h && is_apart(st->y, l->out); i++)
        memcpy(room + st->y.at + i * st->y.row, io.y.v + i * out,
               out * sizeof(float));
}

static void run_step(const struct lat_plan *p, const struct lat__step *st,
                     float *room)
{
    switch (st->way) {
    case LAT_BY_PRODUCT:
        run_product(p, st, room);
        break;
    case LAT_BY_ROWS:
        run_rows(p, st, room);
        break;
    case LAT_AS_A_WHOLE:
        run_whole(p, st, room);
        break;
    }
}

void lat__plan_encode(const struct lat_plan *p, float *room)
{
    const struct lat__course *c = &p->course[LAT_ENCODER];

    for (size_t i = c->begin; i < c->end; i++)
        run_step(p, &p->steps[i], room);
}

/* ---- heads */

/* A row of each slot, n of them. */
static struct lat__step over_slots(struct lat__step st, size_t slot, size_t n)
{
    st.rows = st.lines.n = n;
    st.down = st.x.row = st.y.row = slot;
    return st;
}

static struct lat__step in_slot(struct lat__step st, size_t at)
{
    st.x.at += at;
    st.z.at += at;
    st.y.at += at;
    st.from += at;
    return st;
}

void lat__plan_head(const struct lat_plan *p, float *room, unsigned stack,
                    size_t n)
{
    const struct lat__course *c = &p->course[stack];

    for (size_t i = c->begin; i < c->end; i++) {
        const bool all = p->steps[i].rows_are_slots;

        for (size_t slot = 0; slot < (all ? 1 : n); slot++) {
            const struct lat__step st =
                all ? over_slots(p->steps[i], p->slot, n)
                    : in_slot(p->steps[i], slot * p->slot);

            run_step(p, &st, room);
        }
    }
}

void lat__plan_keep(const struct lat_plan *p, float *room, size_t slot)
{
    const size_t n = lat_plan_card(p)->features;
    const float *h = room + p->course[LAT_ENCODER].out;

    memcpy(room + p->course[LAT_PROJECTOR].in.at + slot * p->slot, h,
           n * sizeof(*h));
    memcpy(room + p->course[LAT_GATES].in.at + slot * p->slot, h,
           n * sizeof(*h));
}

void lat__plan_put(const struct lat_plan *p, float *room, const float *x)
{
    const struct lat__shape in = lat__model_net(p->model)->encoder.in;
    const struct lat__place at = p->course[LAT_ENCODER].in;
    const size_t row = in.w * in.c;

    for (size_t i = 0; i < in.h; i++)
        memcpy(room + at.at + i * at.row, x + i * row, row * sizeof(*x));
}
