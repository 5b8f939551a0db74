/*
 * cores.h - how many processors we may use.
 */
#ifndef LATD_CORES_H
#define LATD_CORES_H

/* Those that the scheduler gives us, but no more than the container's share
 * (cpu.max, rounded up), which neither BLAS nor sysconf reads.  At least 1. */
unsigned latd_cores(void);

#endif
