-- schema/sql/data/0005_reembed.sql
-- Recordings that are embedded again by another model, from their waveforms.
CREATE TABLE reembedding (
    id         TEXT PRIMARY KEY,
    model      TEXT NOT NULL,             -- by which, as it was asked for
    digest     TEXT NOT NULL CHECK (length(digest) = 64), -- what it was then
    source     TEXT,                      -- of what has vectors of this digest
    drops      INTEGER NOT NULL CHECK (drops IN (0, 1)),  -- and loses them
    state      TEXT NOT NULL
        CHECK (state IN ('running', 'succeeded', 'failed', 'cancelled')),
    last       TEXT NOT NULL DEFAULT '',  -- the last recording that was seen
    total      INTEGER NOT NULL,          -- to do, when it was begun
    done       INTEGER NOT NULL DEFAULT 0,
    skipped    INTEGER NOT NULL DEFAULT 0, -- that the model cannot embed
    error      TEXT NOT NULL DEFAULT '',
    created_at INTEGER NOT NULL,
    changed_at INTEGER NOT NULL
) STRICT;

-- One at a time.
CREATE UNIQUE INDEX reembedding_that_runs ON reembedding (state)
    WHERE state = 'running';
