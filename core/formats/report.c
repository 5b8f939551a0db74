/* report.c - what cannot be used, counted, and the first few told. */
#include "../latent/data.h"

#include <stdio.h>

void lat_report_reject(struct lat_report *r, size_t line, const char *entry,
                       const char *reason)
{
    struct lat_report_error *e = &r->errors[r->n_errors];

    r->rejected++;
    if (r->n_errors == LAT_REPORT_ERRORS)
        return;
    r->n_errors++;
    e->line = line;
    snprintf(e->entry, sizeof(e->entry), "%s", entry ? entry : "");
    snprintf(e->reason, sizeof(e->reason), "%s", reason);
}
