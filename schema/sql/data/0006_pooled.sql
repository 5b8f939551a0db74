-- schema/sql/data/0006_pooled.sql
-- Of how many windows a vector is the mean, when they were not kept: it is not
-- compared as if it were a window.  0: v holds the windows themselves.
ALTER TABLE vectors ADD COLUMN pooled INTEGER NOT NULL DEFAULT 0
    CHECK (pooled >= 0);

-- A single vector that was made of several cached windows is their mean.
UPDATE vectors SET pooled = length(keys) / 32
    WHERE windows = 1 AND length(keys) > 32;
