-- What the connection that writes has besides schema.sql. Nothing of this is in the file.

CREATE TEMP TRIGGER garbage_made AFTER INSERT ON main.garbage BEGIN SELECT note_garbage(); END;

-- The usual put, in one statement (small_writes.py): a small object, in place of what its key held in a bucket without
-- versions, if the bucket is as the process knows it. It does what versions.put does in steps.
CREATE TEMP VIEW small_puts AS SELECT
    NULL AS bucket, NULL AS key, NULL AS size_bytes, NULL AS record,
    NULL AS stored_bytes, NULL AS digest, NULL AS data, NULL AS envelope;

CREATE TEMP TRIGGER small_put INSTEAD OF INSERT ON small_puts BEGIN
    DELETE FROM versions WHERE bucket = NEW.bucket AND key = NEW.key;
    INSERT INTO versions (bucket, key, number, is_current, is_suspended, size_bytes, record, parts)
    VALUES (NEW.bucket, NEW.key, 0, 1, 0, NEW.size_bytes, NEW.record, NULL);
    INSERT INTO contents (stored_bytes, digest, session, number, data)
    SELECT NEW.stored_bytes, NEW.digest, NULL, NULL, NEW.data WHERE NEW.size_bytes > 0;
    INSERT INTO pieces (owner, at, content, start, length, envelope)
    SELECT versions.id, 0, last_insert_rowid(), 0, NEW.size_bytes, NEW.envelope FROM versions
    WHERE versions.bucket = NEW.bucket AND versions.key = NEW.key AND versions.is_current = 1 AND NEW.size_bytes > 0;
END;
