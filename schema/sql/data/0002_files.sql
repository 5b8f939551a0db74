-- schema/sql/data/0002_files.sql
-- Files that came over HTTP: what is in them lies in DATA-DIR/files under the
-- same id.  A row is made after its file is on disk, and goes before it.
CREATE TABLE file (
    id         TEXT PRIMARY KEY CHECK (id GLOB 'file-*'), -- sorts by age
    created_at INTEGER NOT NULL, -- seconds since 1970
    filename   TEXT NOT NULL,
    purpose    TEXT NOT NULL CHECK (purpose IN ('fine-tune', 'fine-tune-results')),
    status     TEXT NOT NULL CHECK (status IN ('processed', 'error')),
    bytes      INTEGER NOT NULL CHECK (bytes >= 0),
    sha256     TEXT NOT NULL CHECK (length(sha256) = 64),
    report     TEXT NOT NULL CHECK (json_type(report) = 'object')
) STRICT;

-- Who needs a file, as the id of a job, or of a manifest that names it: it is
-- not deleted meanwhile.
CREATE TABLE file_use (
    file   TEXT NOT NULL REFERENCES file (id),
    holder TEXT NOT NULL,
    PRIMARY KEY (file, holder)
) STRICT, WITHOUT ROWID;

CREATE INDEX file_use_by_holder ON file_use (holder);

-- What was answered to a request with an Idempotency-Key, for a day.
CREATE TABLE answer (
    key        TEXT PRIMARY KEY, -- with the operation's name before it
    digest     BLOB NOT NULL CHECK (length(digest) = 32), -- of the request
    created_at INTEGER NOT NULL,
    status     INTEGER NOT NULL,
    body       TEXT NOT NULL
) STRICT;

CREATE INDEX answer_by_age ON answer (created_at);
