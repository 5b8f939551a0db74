-- schema/sql/data/0001_recordings.sql
-- Recordings: what was said of them, their vectors by model, and the samples
-- of those that were to be kept.  What cannot be computed again.
CREATE TABLE recording (
    n          INTEGER PRIMARY KEY,
    id         TEXT NOT NULL UNIQUE CHECK (length(CAST(id AS BLOB)) BETWEEN 1 AND 255),
    subject    TEXT,
    metadata   TEXT NOT NULL CHECK (json_type(metadata) = 'object'),
    created_at INTEGER NOT NULL, -- seconds since 1970
    changed_at INTEGER NOT NULL,
    -- SHA-256 of all that stands in it but the times: two that say the same
    -- have the same, so that a repeated PUT changes nothing.
    etag       BLOB NOT NULL CHECK (length(etag) = 32)
) STRICT;

CREATE INDEX recording_by_subject ON recording (subject, id)
    WHERE subject IS NOT NULL;
CREATE INDEX recording_by_age ON recording (changed_at);

-- One for each recording and model.  digest is that of server/store/
-- recordings.h; vectors of two digests are never compared.
CREATE TABLE vectors (
    n         INTEGER PRIMARY KEY,
    recording INTEGER NOT NULL REFERENCES recording (n) ON DELETE CASCADE,
    digest    TEXT NOT NULL CHECK (length(digest) = 64),
    model     TEXT NOT NULL, -- NAME@VERSION, as it was then
    windows   INTEGER NOT NULL CHECK (windows > 0),
    dims      INTEGER NOT NULL CHECK (dims > 0),
    v         BLOB NOT NULL CHECK (length(v) = 4 * windows * dims),
    -- Under which its windows are cached (server/cache.h), 32 bytes each, so
    -- that they can be purged; none when the vector was given.
    keys      BLOB NOT NULL DEFAULT x'' CHECK (length(keys) % 32 = 0),
    UNIQUE (recording, digest)
) STRICT;

CREATE INDEX vectors_by_model ON vectors (digest);

-- The samples as they were sent, before any preparation.
CREATE TABLE waveform (
    recording INTEGER PRIMARY KEY REFERENCES recording (n) ON DELETE CASCADE,
    signal    TEXT NOT NULL CHECK (json_type(signal) = 'object'),
    v         BLOB NOT NULL -- float32, little-endian, channel after channel
) STRICT;

-- The clock by which recordings grow old: one row.  See server/retention.h.
CREATE TABLE clock (
    one  INTEGER PRIMARY KEY CHECK (one = 1),
    seen INTEGER NOT NULL -- seconds since 1970, never goes back
) STRICT;
