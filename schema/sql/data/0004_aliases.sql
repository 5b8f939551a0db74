-- schema/sql/data/0004_aliases.sql
-- Aliases: names that stand for a model, and for which one before.
CREATE TABLE alias (
    name       TEXT PRIMARY KEY CHECK (length(name) BETWEEN 1 AND 64),
    model      TEXT NOT NULL, -- NAME@VERSION
    previous   TEXT,          -- what it stood for before; to roll back to
    created_at INTEGER NOT NULL, -- seconds since 1970
    changed_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX alias_by_model ON alias (model);
