-- schema/sql/data/0003_jobs.sql
-- Fine-tuning jobs, what they told on their way, and their checkpoints.  The
-- states and how they follow each other are in server/jobs/states.c.
CREATE TABLE job (
    id              TEXT PRIMARY KEY,
    created_at      INTEGER NOT NULL, -- seconds since 1970
    state           TEXT NOT NULL CHECK (state IN
                        ('validating_files', 'queued', 'running', 'paused',
                         'succeeded', 'failed', 'cancelled')),
    model           TEXT NOT NULL,    -- NAME@VERSION that it begins with
    training_file   TEXT NOT NULL,
    validation_file TEXT,
    request         TEXT NOT NULL CHECK (json_type(request) = 'object'),
    -- Of model, files, hyperparameters, objective and seed: two jobs that
    -- would do the same have the same.
    fingerprint     BLOB NOT NULL CHECK (length(fingerprint) = 32),
    output          TEXT NOT NULL,    -- the name of what it will publish
    -- Starts since the last checkpoint: those of a job that takes the process
    -- down are never taken back.
    attempts        INTEGER NOT NULL DEFAULT 0,
    wall_ms         INTEGER NOT NULL DEFAULT 0,
    step            INTEGER NOT NULL DEFAULT 0,
    total_steps     INTEGER NOT NULL DEFAULT 0,
    epoch           REAL NOT NULL DEFAULT 0,
    rate            REAL NOT NULL DEFAULT 0, -- steps per second
    estimated_at    INTEGER,
    finished_at     INTEGER,
    result_file     TEXT,
    error_code      TEXT,
    error_message   TEXT
) STRICT;

CREATE INDEX job_by_state ON job (state, id);
CREATE INDEX job_by_fingerprint ON job (fingerprint, created_at);

CREATE TABLE job_event (
    id         TEXT PRIMARY KEY,
    job        TEXT NOT NULL REFERENCES job (id),
    created_at INTEGER NOT NULL,
    level      TEXT NOT NULL CHECK (level IN ('info', 'warn', 'error')),
    type       TEXT NOT NULL CHECK (type IN ('message', 'metrics')),
    message    TEXT NOT NULL,
    data       TEXT NOT NULL CHECK (json_type(data) = 'object')
) STRICT;

CREATE INDEX job_event_by_job ON job_event (job, id);

CREATE TABLE job_checkpoint (
    id         TEXT PRIMARY KEY,
    job        TEXT NOT NULL REFERENCES job (id),
    created_at INTEGER NOT NULL,
    step       INTEGER NOT NULL,
    model      TEXT NOT NULL,
    metrics    TEXT NOT NULL CHECK (json_type(metrics) = 'object'),
    UNIQUE (job, step)
) STRICT;
