/*
 * team.h - threads that share one piece of work.
 *
 * Work is cut into a fixed number of parts, whatever the number of threads;
 * a part's result is summed with the others in the order of the parts.  So
 * the bytes do not depend on how many threads there were or who was faster.
 *
 * One thread drives a team.
 */
#ifndef LAT_TEAM_H
#define LAT_TEAM_H

#include "../latent/base.h"

enum { LAT_PARTS = 8 };

struct lat_team;

/* n_threads counts the caller; 1 starts no thread. */
LAT_MUST_CHECK enum lat_code lat__team_new(struct lat_team **out,
                                           unsigned n_threads,
                                           struct lat_err *err);
void lat__team_free(struct lat_team *t);

/* Runs fn(arg, part) for each part in 0 … LAT_PARTS - 1 and returns when all
 * have returned.  team may be NULL: the caller then does them in order. */
void lat__team_run(struct lat_team *t, void (*fn)(void *arg, size_t part),
                   void *arg);

/* One piece of work that can wait, again in parts: a thread that the rounds
 * above leave idle does a part of it.  fn and arg are lent until await, before
 * which there is no second one. */
void lat__team_aside(struct lat_team *t, void (*fn)(void *arg, size_t part),
                     void *arg);
/* Returns when all of it is done, what no thread has begun by the caller and
 * the others; at once when there is none. */
void lat__team_await(struct lat_team *t);

/* The things begin … end - 1 of n that a part has. */
static inline size_t lat__part_begin(size_t n, size_t part)
{
    return n * part / LAT_PARTS;
}

#endif
