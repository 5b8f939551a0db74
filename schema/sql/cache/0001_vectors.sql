-- schema/sql/cache/0001_vectors.sql
-- Embeddings of windows.  The key and the meaning of model are those of
-- server/cache.h; v is dims floats, little-endian; whole is the SHA-256 of
-- key, model and v.  The lowest id is the oldest and goes first.
CREATE TABLE vector (
    id    INTEGER PRIMARY KEY,
    key   BLOB NOT NULL UNIQUE CHECK (length(key) = 32),
    model TEXT NOT NULL,
    v     BLOB NOT NULL,
    whole BLOB NOT NULL CHECK (length(whole) = 32)
) STRICT;
