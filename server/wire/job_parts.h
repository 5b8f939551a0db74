/*
 * job_parts.h - what the files that decode a job share.
 */
#ifndef LATD_WIRE_JOB_PARTS_H
#define LATD_WIRE_JOB_PARTS_H

#include "jobs.h"
#include "json.h"

/* The member of that name, an object with these members; NULL: none. */
LAT_MUST_CHECK enum lat_code latd_job_object(const json_t **out,
                                             const json_t *obj,
                                             const char *name,
                                             const char *const *known,
                                             struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_job_objective(struct latd_job_ask *ask,
                                                const json_t *root,
                                                struct lat_err *err);

#endif
