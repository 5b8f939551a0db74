/* watch.c - the clock, and the wish to stop, of what takes long. */
#include "watch.h"

#include <math.h>
#include <signal.h>
#include <stdio.h>
#include <time.h>

static volatile sig_atomic_t interrupted;

static void on_signal(int sig)
{
    interrupted = sig;
}

double cli_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

void cli_catch_interrupts(void)
{
    struct sigaction act = {.sa_handler = on_signal};

    sigaction(SIGINT, &act, NULL);
    sigaction(SIGTERM, &act, NULL);
}

bool cli_interrupted(void)
{
    return interrupted != 0;
}

void cli_time_left(char *out, size_t room, double seconds)
{
    unsigned long s = (unsigned long)lrint(seconds);

    if (s >= 3600)
        snprintf(out, room, "%lu:%02lu:%02lu left", s / 3600, s / 60 % 60,
                 s % 60);
    else
        snprintf(out, room, "%lu:%02lu left", s / 60, s % 60);
}
