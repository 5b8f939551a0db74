/*
 * names.c - names of leads and axes that mean the same.
 *
 * A name is compared in lower case, without blanks and _ - . and without the
 * words MDC, ECG and lead before it; then by the table.
 */
#include "../signal.h"

#include <string.h>

/* The first of each row is the one that the others become. */
static const char *const aliases[][6] = {
    {"i", "di", "mli", "l1", "d1"},
    {"ii", "dii", "mlii", "l2", "d2", "ml2"},
    {"iii", "diii", "mliii", "l3", "d3"},
    {"v1", "c1"},
    {"v2", "c2"},
    {"v3", "c3"},
    {"v4", "c4"},
    {"v5", "c5"},
    {"v6", "c6"},
    {"accx", "ax", "accelx", "accelerometerx", "accelerationx"},
    {"accy", "ay", "accely", "accelerometery", "accelerationy"},
    {"accz", "az", "accelz", "accelerometerz", "accelerationz"},
    {"gyrox", "gx", "gyrx", "gyroscopex", "wx"},
    {"gyroy", "gy", "gyry", "gyroscopey", "wy"},
    {"gyroz", "gz", "gyrz", "gyroscopez", "wz"},
};

static const char *skip_words(const char *name)
{
    static const char *const words[] = {"mdc", "ecg", "lead"};

    for (size_t i = 0; i < 3; i++) {
        size_t n = strlen(words[i]);

        if (strncmp(name, words[i], n) == 0 && name[n])
            name += n;
    }
    return name;
}

static void fold(char out[LAT_NAME_MAX], const char *name)
{
    size_t n = 0;

    for (; *name && n < LAT_NAME_MAX - 1; name++)
        if (!strchr(" _-.", *name))
            out[n++] = *name >= 'A' && *name <= 'Z' ? (char)(*name - 'A' + 'a')
                                                    : *name;
    out[n] = '\0';
}

static const char *canonical(const char *folded)
{
    folded = skip_words(folded);
    for (size_t i = 0; i < sizeof(aliases) / sizeof(*aliases); i++)
        for (size_t j = 1; j < 6 && aliases[i][j]; j++)
            if (strcmp(aliases[i][j], folded) == 0)
                return aliases[i][0];
    return folded;
}

bool lat_channel_same(const char *a, const char *b)
{
    char x[LAT_NAME_MAX], y[LAT_NAME_MAX];

    fold(x, a);
    fold(y, b);
    return x[0] && strcmp(canonical(x), canonical(y)) == 0;
}
