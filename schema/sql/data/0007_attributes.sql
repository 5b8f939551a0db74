-- schema/sql/data/0007_attributes.sql
-- Metadata by key and value, so that a list of those that say something reads
-- them alone.  It follows from recording: triggers keep it.  A value is what
-- ?metadata[key]=value says: text, or JSON.  Longer ones are looked for in the
-- recordings themselves.
CREATE TABLE attribute (
    key          TEXT NOT NULL,
    value        TEXT NOT NULL,
    recording_id TEXT NOT NULL,
    PRIMARY KEY (key, value, recording_id)
) STRICT, WITHOUT ROWID;

CREATE VIEW attributes AS
    SELECT e.key AS key,
           CASE e.type WHEN 'true' THEN 'true' WHEN 'false' THEN 'false'
               WHEN 'null' THEN 'null' ELSE CAST(e.value AS TEXT) END AS value,
           recording.id AS recording_id
    FROM recording, json_each(recording.metadata) AS e
    WHERE length(e.key) < 128 AND
          length(ifnull(CAST(e.value AS TEXT), '')) < 256;

INSERT INTO attribute SELECT key, value, recording_id FROM attributes
    ORDER BY key, value, recording_id;

CREATE TRIGGER attributes_of_new AFTER INSERT ON recording BEGIN
    INSERT INTO attribute SELECT key, value, recording_id FROM attributes
        WHERE recording_id = new.id;
END;

CREATE TRIGGER attributes_go BEFORE DELETE ON recording BEGIN
    DELETE FROM attribute WHERE (key, value, recording_id) IN
        (SELECT key, value, recording_id FROM attributes
         WHERE recording_id = old.id);
END;

CREATE TRIGGER attributes_change BEFORE UPDATE OF metadata ON recording
    WHEN old.metadata <> new.metadata BEGIN
    DELETE FROM attribute WHERE (key, value, recording_id) IN
        (SELECT key, value, recording_id FROM attributes
         WHERE recording_id = old.id);
END;

CREATE TRIGGER attributes_changed AFTER UPDATE OF metadata ON recording
    WHEN old.metadata <> new.metadata BEGIN
    INSERT INTO attribute SELECT key, value, recording_id FROM attributes
        WHERE recording_id = new.id;
END;
