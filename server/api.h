/*
 * api.h - the handlers, by file.  Each is a row in route.c.
 */
#ifndef LATD_API_H
#define LATD_API_H

#include "handler.h"

/* ---- health.c */
extern const struct latd_handler latd_livez;
extern const struct latd_handler latd_readyz;
extern const struct latd_handler latd_startupz;

/* ---- meta.c: what the program says of itself */
extern const struct latd_handler latd_version;
extern const struct latd_handler latd_metrics_text;
extern const struct latd_handler latd_openapi;

/* ---- models.c */
extern const struct latd_handler latd_models_index;
extern const struct latd_handler latd_models_get;

/* ---- aliases.c: names that stand for models */
extern const struct latd_handler latd_aliases_index;
extern const struct latd_handler latd_aliases_get;
extern const struct latd_handler latd_aliases_put;
extern const struct latd_handler latd_aliases_delete;

/* ---- models_delete.c */
extern const struct latd_handler latd_models_remove;

/* ---- backup.c: the database, whole */
extern const struct latd_handler latd_backup;

/* ---- embeddings.c */
extern const struct latd_handler latd_embeddings;
extern const struct latd_handler latd_embeddings_get;

/* ---- similarity.c, query.c */
extern const struct latd_handler latd_similarity;
extern const struct latd_handler latd_recordings_query;
/* ---- recordings/put.c, bulk.c, get.c, delete.c, export.c */
extern const struct latd_handler latd_recordings_put_one;
extern const struct latd_handler latd_recordings_put_many;
extern const struct latd_handler latd_recordings_get_one;
extern const struct latd_handler latd_recordings_index;
extern const struct latd_handler latd_recordings_delete_one;
extern const struct latd_handler latd_recordings_of_subject_delete;
extern const struct latd_handler latd_recordings_of_query_delete;
extern const struct latd_handler latd_recordings_export;
extern const struct latd_handler latd_recordings_reembed;
extern const struct latd_handler latd_recordings_reembed_index;
extern const struct latd_handler latd_recordings_reembed_cancel;

/* ---- upload.c, files.c */
extern const struct latd_handler latd_files_create;
extern const struct latd_handler latd_files_index;
extern const struct latd_handler latd_files_get;
extern const struct latd_handler latd_files_content;
extern const struct latd_handler latd_files_delete_one;

/* ---- jobs.c */
extern const struct latd_handler latd_jobs_create;
extern const struct latd_handler latd_jobs_index;
extern const struct latd_handler latd_jobs_get;
extern const struct latd_handler latd_jobs_cancel;
extern const struct latd_handler latd_jobs_pause;
extern const struct latd_handler latd_jobs_resume;

/* ---- job_events.c */
extern const struct latd_handler latd_jobs_events;
extern const struct latd_handler latd_jobs_checkpoints;

/* ---- validate.c */
extern const struct latd_handler latd_validate;

#endif
