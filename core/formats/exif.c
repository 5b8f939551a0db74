/*
 * exif.c - how a camera was held: tag 0x0112 of the first directory.
 *
 * "II" or "MM" for the order of bytes, 42, where the directory is; there a
 * count, then twelve bytes for each tag: its number, type (3 is a number of
 * two bytes), count, value.  Nothing else is looked at, nothing is trusted.
 */
#include "picture.h"

#include <string.h>

static unsigned two(const uint8_t *p, bool big)
{
    return big ? (unsigned)p[0] << 8 | p[1] : (unsigned)p[1] << 8 | p[0];
}

static size_t four(const uint8_t *p, bool big)
{
    return big ? (size_t)two(p, true) << 16 | two(p + 2, true)
               : (size_t)two(p + 2, false) << 16 | two(p, false);
}

unsigned lat__exif_orientation(const uint8_t *p, size_t len)
{
    bool big;
    size_t at, n;

    if (len < 8 || (memcmp(p, "II", 2) != 0 && memcmp(p, "MM", 2) != 0))
        return 1;
    big = p[0] == 'M';
    at = four(p + 4, big);
    if (two(p + 2, big) != 42 || at > len - 2)
        return 1;
    n = two(p + at, big);
    at += 2;
    for (size_t i = 0; i < n && (i + 1) * 12 <= len - at; i++) {
        const uint8_t *tag = p + at + i * 12;
        unsigned v = two(tag + 8, big);

        if (two(tag, big) == 0x0112 && two(tag + 2, big) == 3)
            return v >= 1 && v <= 8 ? v : 1;
    }
    return 1;
}
