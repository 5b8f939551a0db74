/* units.c - units of the families that we know, in each one's first. */
#include "../signal.h"

#include <string.h>

static const struct unit {
    const char *name;
    int family;
    double factor;
} units[] = {
    {"mV", 0, 1.0},
    {"mv", 0, 1.0},
    {"uV", 0, 1e-3},
    {"uv", 0, 1e-3},
    {"\xc2\xb5V", 0, 1e-3}, /* the micro sign */
    {"\xce\xbcV", 0, 1e-3}, /* the Greek letter */
    {"V", 0, 1e3},
    {"g", 1, 1.0},
    {"mg", 1, 1e-3},
    {"m/s2", 1, 1.0 / 9.80665},
    {"m/s^2", 1, 1.0 / 9.80665},
    {"m/s\xc2\xb2", 1, 1.0 / 9.80665},
    {"m/s/s", 1, 1.0 / 9.80665},
    {"ms-2", 1, 1.0 / 9.80665},
    {"rad/s", 2, 1.0},
    {"deg/s", 2, 3.14159265358979323846 / 180.0},
    {"\xc2\xb0/s", 2, 3.14159265358979323846 / 180.0},
    {"dps", 2, 3.14159265358979323846 / 180.0},
};

static const struct unit *find(const char *name)
{
    for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++)
        if (strcmp(units[i].name, name) == 0)
            return &units[i];
    return NULL;
}

const char *lat_input_unit(const struct lat_input *in, size_t k)
{
    return *in->unit ? in->unit : in->units[k];
}

bool lat__unit_known(const char *name)
{
    return find(name) != NULL;
}

/* Powers of ten come out exact: 1000 rather than 1 / 0.001. */
static double ratio(double from, double to)
{
    return from < to ? 1.0 / (to / from) : from / to;
}

enum lat_code lat_unit_factor(double *factor, const char *from, const char *to,
                              struct lat_err *err)
{
    const struct unit *a = find(from), *b = find(to);

    if (strcmp(from, to) == 0) {
        *factor = 1.0;
        return LAT_OK;
    }
    if (from[0] == '\0')
        return lat_fail_word(err, LAT_EUNFIT, "unknown_unit",
                             "the unit is not said, %s is wanted", to);
    if (!a)
        return lat_fail_word(err, LAT_EUNFIT, "unknown_unit",
                             "unit `%s` is not known, %s is wanted", from, to);
    if (!b || a->family != b->family)
        return lat_fail_word(err, LAT_EUNFIT, "unknown_unit",
                             "unit %s cannot be turned into %s", from, to);
    *factor = ratio(a->factor, b->factor);
    return LAT_OK;
}
