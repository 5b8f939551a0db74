/* mem.h - the allocator's side door for tests. */
#ifndef LAT_MEM_H
#define LAT_MEM_H

/* When not negative: how many more allocations succeed before one fails.  Set
 * by tests alone; one thread. */
extern long lat__mem_fail_after;

#endif
