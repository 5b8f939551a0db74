/* log.c - see log.h. */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static struct {
    enum latd_level least;
    int fd;
    bool journal; /* begin each line with <6> or the like */
} out = {LATD_INFO, STDERR_FILENO, false};

static const char *const words[] = {"debug", "info", "warning", "error"};
static const int priorities[] = {7, 6, 4, 3}; /* syslog's */

/* The bytes at the beginning of s that stand for themselves. */
static size_t plain(const char *s)
{
    size_t n = 0;

    while (s[n] >= 0x20 && s[n] < 0x7f && s[n] != '"' && s[n] != '\\')
        n++;
    return n;
}

static void put_text(struct lat_buf *b, const char *s)
{
    size_t n;

    lat_buf_puts(b, "\"");
    for (; *s; s += n ? n : 1) {
        unsigned char c = (unsigned char)*s;

        n = plain(s);
        if (n == 0)
            n = lat_utf8_length(s);
        if (n == 0)
            lat_buf_puts(b, "\xef\xbf\xbd"); /* the line stays UTF-8 */
        else if (c == '"' || c == '\\')
            lat_buf_printf(b, "\\%c", c);
        else if (c < 0x20 || c == 0x7f)
            lat_buf_printf(b, "\\u%04x", c);
        else
            lat_buf_put(b, s, n);
    }
    lat_buf_puts(b, "\"");
}

static void put_time(struct lat_buf *b)
{
    struct timespec now;
    struct tm tm;
    char text[32] = "";

    clock_gettime(CLOCK_REALTIME, &now);
    if (gmtime_r(&now.tv_sec, &tm))
        strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
    lat_buf_printf(b, "\"%s.%03ldZ\"", text, now.tv_nsec / 1000000);
}

/* Of ours, and plain. */
static void put_key(struct lat_buf *b, const char *key)
{
    lat_buf_puts(b, ",\"");
    lat_buf_puts(b, key);
    lat_buf_puts(b, "\":");
}

void latd_line_text(struct latd_line *line, const char *key, const char *text)
{
    put_key(&line->buf, key);
    put_text(&line->buf, text);
}

void latd_line_count(struct latd_line *line, const char *key, uint64_t n)
{
    put_key(&line->buf, key);
    lat_buf_printf(&line->buf, "%llu", (unsigned long long)n);
}

void latd_line_ms(struct latd_line *line, const char *key, double ms)
{
    put_key(&line->buf, key);
    lat_buf_printf(&line->buf, "%.3f", ms);
}

void latd_line_begin(struct latd_line *line, enum latd_level level,
                     const char *msg)
{
    *line = (struct latd_line){.level = level};
    if (out.journal)
        lat_buf_printf(&line->buf, "<%d>", priorities[level]);
    lat_buf_puts(&line->buf, "{\"time\":");
    put_time(&line->buf);
    latd_line_text(line, "level", words[level]);
    latd_line_text(line, "msg", msg);
}

void latd_line_end(struct latd_line *line)
{
    lat_buf_puts(&line->buf, "}\n");
    if (line->level >= out.least && !line->buf.failed) {
        ssize_t n = write(out.fd, line->buf.v, line->buf.len);

        (void)n; /* a log that cannot be written has nowhere to complain */
    }
    lat_buf_fini(&line->buf);
}

void latd_log(enum latd_level level, const char *fmt, ...)
{
    struct latd_line line;
    char msg[1024];
    va_list args;

    if (level < out.least)
        return;
    va_start(args, fmt);
    vsnprintf(msg, sizeof(msg), fmt, args);
    va_end(args);
    latd_line_begin(&line, level, msg);
    latd_line_end(&line);
}

bool latd_log_level(enum latd_level *level, const char *word)
{
    for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
        if (strcmp(words[i], word) == 0) {
            *level = (enum latd_level)i;
            return true;
        }
    return false;
}

void latd_log_init(enum latd_level least, int fd)
{
    out.least = least;
    out.fd = fd;
    out.journal = getenv("JOURNAL_STREAM") != NULL;
}
