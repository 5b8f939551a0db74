/* precision.c - see precision.h. */
#include "precision.h"

#include <string.h>

static const char apart[] = " ,\t";

enum { WORD_MAX = 128 };

/* One word, of len letters: NAME=PRECISION or PRECISION. */
static enum lat_code read_word(enum lat_precision *out, const char *word,
                               size_t len, const char *model,
                               struct lat_err *err)
{
    char copy[WORD_MAX], *value = copy;
    enum lat_precision p;
    bool fits = true;

    if (len >= sizeof(copy))
        return lat_fail(err, LAT_EINVAL, "precision has a word of %zu letters",
                        len);
    memcpy(copy, word, len);
    copy[len] = '\0';
    value = strchr(copy, '=');
    if (value) {
        *value++ = '\0';
        fits = strcmp(copy, model) == 0;
    }
    if (!lat_precision_parse(&p, value ? value : copy))
        return lat_fail(err, LAT_EINVAL,
                        "precision is %.*s, must be float32 or bfloat16, for "
                        "one model NAME=bfloat16",
                        (int)len, word);
    if (fits)
        *out = p;
    return LAT_OK;
}

enum lat_code latd_precision_of(enum lat_precision *out, const char *setting,
                                const char *model, struct lat_err *err)
{
    enum lat_precision found = LAT_FLOAT32;
    enum lat_code code = LAT_OK;

    if (!setting)
        setting = "";
    while (!code && *(setting += strspn(setting, apart))) {
        const size_t len = strcspn(setting, apart);

        code = read_word(&found, setting, len, model, err);
        setting += len;
    }
    if (!code)
        *out = found;
    return code;
}
