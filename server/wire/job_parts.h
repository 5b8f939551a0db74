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
/* The objective is for models of that kind, as what says; where is its member
 * for the error. */
LAT_MUST_CHECK enum lat_code latd_job_claim(struct latd_job_ask *ask,
                                            enum latd_job_for kind,
                                            const char *what, const char *where,
                                            struct lat_err *err);
/* A line of the recipe. */
LAT_MUST_CHECK enum lat_code latd_job_line(struct latd_job_ask *ask,
                                           const char *key, const char *value,
                                           struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_job_number(struct latd_job_ask *ask,
                                             const char *key, double v,
                                             struct lat_err *err);
/* What is of images alone: gates, what is not negative.  wire/job_images.c */
LAT_MUST_CHECK enum lat_code latd_job_gates(struct latd_job_ask *ask,
                                            const json_t *objective,
                                            struct lat_err *err);
/* wire/job_views.c */
LAT_MUST_CHECK enum lat_code latd_job_views(struct latd_job_ask *ask,
                                            const json_t *objective,
                                            struct lat_err *err);
LAT_MUST_CHECK enum lat_code latd_job_objective(struct latd_job_ask *ask,
                                                const json_t *root,
                                                struct lat_err *err);

#endif
