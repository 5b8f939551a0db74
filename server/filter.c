/* filter.c - see filter.h. */
#include "filter.h"

void latd_filter_fini(struct latd_filter *f)
{
    for (size_t i = 0; i < f->n; i++) {
        struct latd_condition *c = &f->conditions[i];

        for (size_t j = 0; j < c->n_values; j++)
            lat_free((char *)c->values[j].text);
        lat_free(c->values);
        lat_free(c->key);
    }
    lat_free(f->conditions);
    *f = (struct latd_filter){0};
}
