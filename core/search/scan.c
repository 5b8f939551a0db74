/* scan.c - queries times blocks of rows, and what is good enough is kept. */
#include "probe.h"

#include <float.h>
#include <string.h>

enum { BLOCK = LAT_SEARCH_BLOCK, GROUP = LAT__GROUP };

/* c = queries times the dimensions of the block that ranges begin … end - 1
 * have; these lie side by side. */
static void multiply(const struct lat_probe *p, const struct lat_search *s,
                     const struct lat__block *b, struct lat__scores *c,
                     struct lat_range ranges, bool add)
{
    size_t at = lat__search_offset(&p->shape, ranges.begin);
    const struct lat_product product = {
        .m = c->n,
        .n = b->n,
        .k = lat__search_offset(&p->shape, ranges.end) - at,
        .a = p->q + c->first * p->kept + at,
        .a_row = p->kept,
        .a_col = 1,
        .b = b->x + at * b->stride,
        .b_row = b->stride,
        .c = c->v,
        .c_row = BLOCK,
        .add = add,
    };

    s->kernel->product(&product);
}

/* Weights are in the queries: the fewest products that leave out what has
 * none.  Roundings beyond 1 are cut off. */
static void cosine(const struct lat_probe *p, const struct lat_search *s,
                   const struct lat__block *b, struct lat__scores *c)
{
    size_t n = p->shape.n_ranges, end;
    bool add = false;

    for (size_t r = 0; r < n; r = end) {
        end = r + 1;
        if (p->ask.weights[r] == 0.0)
            continue;
        while (end < n && p->ask.weights[end] != 0.0)
            end++;
        multiply(p, s, b, c, (struct lat_range){r, end}, add);
        add = true;
    }
    for (size_t i = 0; i < c->n; i++) {
        float *v = c->v + i * BLOCK;

        for (size_t j = 0; j < b->n; j++) {
            v[j] = v[j] > 1.0f ? 1.0f : v[j];
            v[j] = v[j] < -1.0f ? -1.0f : v[j];
        }
    }
}

/* sum += w |q| |x| cos, in double: no product of two floats overflows. */
static void add_dot(const struct lat_probe *p, const struct lat__block *b,
                    const struct lat__scores *c, size_t r, double *sum)
{
    const float *length = b->lengths + r * b->stride;

    for (size_t i = 0; i < c->n; i++) {
        double w = p->ask.weights[r] *
                   p->lengths[(c->first + i) * p->shape.n_ranges + r];

        for (size_t j = 0; j < b->n; j++)
            sum[i * BLOCK + j] +=
                w * (double)length[j] * (double)c->v[i * BLOCK + j];
    }
}

static void dot(const struct lat_probe *p, const struct lat_search *s,
                const struct lat__block *b, struct lat__scores *c)
{
    double sum[GROUP * BLOCK];

    memset(sum, 0, c->n * BLOCK * sizeof(*sum));
    for (size_t r = 0; r < p->shape.n_ranges; r++) {
        if (p->ask.weights[r] == 0.0)
            continue;
        multiply(p, s, b, c, (struct lat_range){r, r + 1}, false);
        add_dot(p, b, c, r, sum);
    }
    for (size_t j = 0; j < c->n * BLOCK; j++) {
        double v = sum[j] > (double)FLT_MAX ? (double)FLT_MAX : sum[j];

        c->v[j] = (float)(v < -(double)FLT_MAX ? -(double)FLT_MAX : v);
    }
}

void lat__block_scores(struct lat__scores *c, const struct lat_probe *p,
                       const struct lat_search *s, const struct lat__block *b)
{
    if (p->ask.metric == LAT_COSINE)
        cosine(p, s, b, c);
    else
        dot(p, s, b, c);
}

/* Most blocks have nothing for a query whose places are full: one pass
 * without branches tells. */
static void offer(const struct lat_probe *p, struct lat__top *t,
                  const struct lat__block *b, const float *score)
{
    float above = t->above;
    int any = 0;

    for (size_t j = 0; j < BLOCK; j++)
        any |= score[j] > above;
    if (!any)
        return;
    for (size_t j = 0; j < BLOCK; j++)
        if (score[j] > t->above && (b->take >> j & 1))
            lat__top_offer(t, p->ask.k,
                           (struct lat_hit){score[j], b->row + j, 0, 0});
}

static void scan_block(struct lat_probe *p, size_t place,
                       const struct lat_search *s, const struct lat__block *b)
{
    struct lat__top *tops = p->tops + place * p->ask.n;
    struct lat__scores c;

    for (c.first = 0; c.first < p->ask.n; c.first += GROUP) {
        c.n = p->ask.n - c.first < GROUP ? p->ask.n - c.first : GROUP;
        lat__block_scores(&c, p, s, b);
        for (size_t i = 0; i < c.n; i++)
            offer(p, &tops[c.first + i], b, c.v + i * BLOCK);
    }
}

/* The bits of rows begin … end - 1 in the word of 64 rows from row on. */
static uint64_t within(size_t row, struct lat_range rows)
{
    uint64_t bits = UINT64_MAX;

    if (rows.begin > row)
        bits &= UINT64_MAX << (rows.begin - row);
    if (rows.end < row + BLOCK)
        bits &= UINT64_MAX >> (row + BLOCK - rows.end);
    return bits;
}

void lat_probe_scan(struct lat_probe *p, size_t place,
                    const struct lat_search *s, struct lat_range rows,
                    const uint64_t *allow)
{
    size_t end = rows.end < s->rows ? rows.end : s->rows;

    if (p->ask.k == 0)
        return;
    for (size_t row = rows.begin / BLOCK * BLOCK; row < end; row += BLOCK) {
        const struct lat__chunk *chunk = s->chunks[row / LAT_CHUNK_ROWS];
        size_t i = row % LAT_CHUNK_ROWS / BLOCK;
        const struct lat__block b = {
            .x = chunk->x + i * s->kept * BLOCK,
            .lengths = chunk->lengths + i * s->shape.n_ranges * BLOCK,
            .stride = BLOCK,
            .n = BLOCK,
            .row = row,
            .take = chunk->live[i] &
                    within(row, (struct lat_range){rows.begin, end}) &
                    (allow ? allow[row / BLOCK] : UINT64_MAX),
        };

        if (b.take && p->ends)
            lat__best_scan(p, place, s, &b);
        else if (b.take)
            scan_block(p, place, s, &b);
    }
}

/* ---- by a team ---- */

struct run {
    struct lat_probe *p;
    const struct lat_search *s;
    const uint64_t *allow;
};

static void run_part(void *arg, size_t part)
{
    const struct run *r = arg;
    size_t n = (r->s->rows + BLOCK - 1) / BLOCK;

    lat_probe_scan(r->p, part, r->s,
                   (struct lat_range){lat__part_begin(n, part) * BLOCK,
                                      lat__part_begin(n, part + 1) * BLOCK},
                   r->allow);
}

void lat__probe_run(struct lat_probe *p, const struct lat_search *s,
                    const uint64_t *allow, struct lat_team *team)
{
    struct run r = {p, s, allow};

    lat__team_run(team, run_part, &r);
}
