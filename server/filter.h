/*
 * filter.h - which recordings count: conditions on what their metadata say.
 *
 * Metadata are seen as attributes: a value at a path, as "device.name"; each
 * element of an array is a value at the array's own path, and what is in
 * objects of an array is at "leads[].name".  null is no value.  A condition
 * holds when one of the values at its key does.  The names are Qdrant's.
 *
 * Plain data, decoded by wire/ and asked by index/; one owner.
 */
#ifndef LATD_FILTER_H
#define LATD_FILTER_H

#include "../core/latent.h"

enum latd_value_kind { LATD_BOOL, LATD_NUMBER, LATD_TEXT };

struct latd_value {
    enum latd_value_kind kind;
    double number;    /* of a bool 0 or 1 */
    const char *text; /* of LATD_TEXT */
};

/* A value where it stands in metadata. */
struct latd_attribute {
    const char *path;
    struct latd_value value;
};

struct latd_attributes {
    size_t n;
    struct latd_attribute *v;
    /* The decoder's own. */
    size_t cap;
    struct lat_buf paths;
    void *doc;
};

enum latd_group { LATD_MUST, LATD_SHOULD, LATD_MUST_NOT };

/* With values: one of them is there.  Without: a number within all bounds. */
struct latd_condition {
    enum latd_group group;
    char *key;
    size_t n_values;
    struct latd_value *values; /* texts are allocated */
    double least, most;        /* gte, lte; gt and lt as the next double */
};

/* All of must, none of must_not and, when there are any, one of should. */
struct latd_filter {
    size_t n;
    struct latd_condition *conditions;
};

void latd_attributes_fini(struct latd_attributes *a);
/* A zeroed one is nothing. */
void latd_filter_fini(struct latd_filter *f);

#endif
