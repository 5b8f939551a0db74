/*
 * log.h - one JSON line per event, on standard error.
 *
 * A line is put together in memory and written with one write, so lines of
 * several threads never mix.  Under journald each begins with its level, as
 * sd-daemon(3) says.  Any thread.
 */
#ifndef LATD_LOG_H
#define LATD_LOG_H

#include "../core/latent.h"

enum latd_level { LATD_DEBUG, LATD_INFO, LATD_WARNING, LATD_ERROR };

/* Before any thread exists. Lines below least are not written; fd is 2 but in
 * tests. */
void latd_log_init(enum latd_level least, int fd);
/* False when word is no level. */
bool latd_log_level(enum latd_level *out, const char *word);

/* {"time":…,"level":…,"msg":…} */
void latd_log(enum latd_level level, const char *fmt, ...) LAT_PRINTF(2, 3);

/* The same with fields: begin, as many as one likes, end. */
struct latd_line {
    enum latd_level level;
    struct lat_buf buf;
};

void latd_line_begin(struct latd_line *line, enum latd_level level,
                     const char *msg);
void latd_line_text(struct latd_line *line, const char *key, const char *text);
void latd_line_count(struct latd_line *line, const char *key, uint64_t n);
void latd_line_ms(struct latd_line *line, const char *key, double ms);
void latd_line_end(struct latd_line *line); /* writes and frees */

#endif
