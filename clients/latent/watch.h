/* watch.h - the clock, and the wish to stop, of what takes long. */
#ifndef CLI_WATCH_H
#define CLI_WATCH_H

#include <stdbool.h>
#include <stddef.h>

/* Seconds of a clock that only goes forward. */
double cli_now(void);
/* From here on an interrupt (Ctrl-C, SIGTERM) is only remembered. */
void cli_catch_interrupts(void);
bool cli_interrupted(void);
/* "1:02:03 left" or "2:03 left". */
void cli_time_left(char *out, size_t room, double seconds);

#endif
