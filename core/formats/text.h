/*
 * text.h - lines and words of text files, without copies.
 *
 * A span lies in somebody's buffer, which need not end with a NUL.
 */
#ifndef LAT_TEXT_H
#define LAT_TEXT_H

#include "../latent/base.h"

struct lat__span {
    const char *p, *end;
};

/* What follows the last slash. */
const char *lat__base_name(const char *path);

struct lat__lines {
    const char *p, *end;
    size_t number; /* of the line last taken, from 1 */
};

/* The next line without its end (LF or CR LF); false when there is none. */
bool lat__lines_next(struct lat__lines *l, struct lat__span *line);

size_t lat__span_len(struct lat__span s);
bool lat__span_is(struct lat__span s, const char *text);
struct lat__span lat__span_trim(struct lat__span s);
/* Takes the next word, up to a blank, from the front of s; may be empty. */
struct lat__span lat__span_word(struct lat__span *s);
/* Takes a whole number from the front of s; false when there is none, or one
 * of more than 15 digits. */
bool lat__span_int(struct lat__span *s, int64_t *v);
/* Copies what fits into out (size), with a NUL; control characters become
 * blanks, so that it may be printed. */
void lat__span_copy(char *out, size_t size, struct lat__span s);
/* For messages: at most 40 characters. */
struct lat__quote {
    char text[44];
};
struct lat__quote lat__span_quote(struct lat__span s);

#endif
