/*
 * best.c - a row's score is that of the best pair of windows, one of the query
 * and one of the row.
 *
 * Rows of a block that stand alone are scored together, as rows are; those that
 * have windows one after another, from blocks of their own.
 */
#include "probe.h"

#include <math.h>

enum { BLOCK = LAT_SEARCH_BLOCK };

/* Of each row of a block, for one group of queries that begins at first. */
struct best {
    size_t first, end;
    float score[BLOCK];
    uint32_t query[BLOCK], window[BLOCK];
};

/* The next queries of the group that share a product; false after the last. */
static bool next(struct lat__scores *c, const struct best *best, bool begin)
{
    c->first = begin ? best->first : c->first + c->n;
    c->n = best->end - c->first < LAT__GROUP ? best->end - c->first
                                             : (size_t)LAT__GROUP;
    return c->n > 0;
}

static void alone(struct best *best, const struct lat_probe *p,
                  const struct lat_search *s, const struct lat__block *b)
{
    struct lat__scores c;

    for (bool more = next(&c, best, true); more; more = next(&c, best, false)) {
        lat__block_scores(&c, p, s, b);
        for (size_t i = 0; i < c.n; i++)
            for (size_t j = 0; j < BLOCK; j++) {
                if (!(c.v[i * BLOCK + j] > best->score[j]))
                    continue;
                best->score[j] = c.v[i * BLOCK + j];
                best->query[j] = (uint32_t)(c.first + i - best->first);
            }
    }
}

/* The best of windows at … at + b->n - 1 of row j. */
static void lead(struct best *best, size_t j, const struct lat__scores *c,
                 const struct lat__block *b, size_t at)
{
    for (size_t i = 0; i < c->n; i++)
        for (size_t w = 0; w < b->n; w++) {
            if (!(c->v[i * BLOCK + w] > best->score[j]))
                continue;
            best->score[j] = c->v[i * BLOCK + w];
            best->query[j] = (uint32_t)(c->first + i - best->first);
            best->window[j] = (uint32_t)(at + w);
        }
}

static void with_windows(struct best *best, size_t j, const struct lat_probe *p,
                         const struct lat_search *s,
                         const struct lat__windows *w)
{
    struct lat__scores c;

    best->score[j] = -INFINITY; /* not what stands for them */
    for (size_t at = 0; at < w->n; at += BLOCK) {
        const struct lat__block b = {
            .x = w->x + at,
            .lengths = w->lengths + at,
            .stride = w->n,
            .n = w->n - at < BLOCK ? w->n - at : (size_t)BLOCK,
        };

        for (bool more = next(&c, best, true); more;
             more = next(&c, best, false)) {
            lat__block_scores(&c, p, s, &b);
            lead(best, j, &c, &b, at);
        }
    }
}

static void score_rows(struct best *best, const struct lat_probe *p,
                       const struct lat_search *s, const struct lat__block *b)
{
    const struct lat__chunk *chunk = s->chunks[b->row / LAT_CHUNK_ROWS];
    size_t at = b->row % LAT_CHUNK_ROWS;
    uint64_t many = chunk->many[at / BLOCK] & b->take;

    for (size_t j = 0; j < BLOCK; j++) {
        best->score[j] = -INFINITY;
        best->query[j] = best->window[j] = 0;
    }
    if (b->take & ~many)
        alone(best, p, s, b);
    for (size_t j = 0; many && j < BLOCK; j++)
        if (many >> j & 1)
            with_windows(best, j, p, s, chunk->windows[at + j]);
}

void lat__best_scan(struct lat_probe *p, size_t place,
                    const struct lat_search *s, const struct lat__block *b)
{
    struct best best = {0};

    for (size_t g = 0; g < p->n_lists; g++) {
        struct lat__top *t = &p->tops[place * p->n_lists + g];

        best.first = g ? p->ends[g - 1] : 0;
        best.end = p->ends[g];
        score_rows(&best, p, s, b);
        for (size_t j = 0; j < BLOCK; j++)
            if ((b->take >> j & 1) && best.score[j] > t->above)
                lat__top_offer(t, p->ask.k,
                               (struct lat_hit){best.score[j], b->row + j,
                                                best.query[j], best.window[j]});
    }
}
