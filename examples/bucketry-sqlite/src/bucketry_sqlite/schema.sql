-- An object is made of pieces, a piece is one uploaded body (a blob), and a blob is cut into chunks. So completing a
-- multipart upload, or copying an object, writes a few pieces and no content.

BEGIN IMMEDIATE;

CREATE TABLE IF NOT EXISTS buckets (
    name TEXT PRIMARY KEY,
    created_at TEXT NOT NULL,
    object_count INTEGER NOT NULL DEFAULT 0,
    size_bytes INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Settings of any kind, as JSON: a kind that is new needs no change here.
CREATE TABLE IF NOT EXISTS settings (
    bucket TEXT NOT NULL REFERENCES buckets (name) ON DELETE CASCADE,
    kind TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (bucket, kind)
) WITHOUT ROWID;

-- Keys are blobs: compared byte by byte, which is the contract's order, and free to hold NUL.
CREATE TABLE IF NOT EXISTS objects (
    id INTEGER PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES buckets (name),
    key BLOB NOT NULL,
    size_bytes INTEGER NOT NULL,
    info TEXT NOT NULL, -- ObjectInfo as JSON
    key_check TEXT, -- Envelope as JSON, which a customer's key opens; NULL if the object is under none
    UNIQUE (bucket, key)
);

-- leased_until (seconds since 1970) is set while a body comes in, and NULL once an object or part owns the blob.
CREATE TABLE IF NOT EXISTS blobs (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    leased_until REAL
);
CREATE INDEX IF NOT EXISTS leased_blobs ON blobs (leased_until) WHERE leased_until IS NOT NULL;

CREATE TABLE IF NOT EXISTS chunks (
    id INTEGER PRIMARY KEY,
    blob INTEGER NOT NULL REFERENCES blobs (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, -- offset in the blob, before encryption
    data BLOB NOT NULL,
    UNIQUE (blob, start)
);

CREATE TABLE IF NOT EXISTS pieces (
    object INTEGER NOT NULL REFERENCES objects (id) ON DELETE CASCADE,
    start INTEGER NOT NULL, -- offset in the object
    size_bytes INTEGER NOT NULL,
    blob INTEGER NOT NULL REFERENCES blobs (id),
    envelope TEXT, -- Envelope as JSON, which holds the wrapped key of the blob; NULL if it is not encrypted
    PRIMARY KEY (object, start)
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS pieces_of_blob ON pieces (blob);

CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY,
    bucket TEXT NOT NULL REFERENCES buckets (name) ON DELETE CASCADE,
    key BLOB NOT NULL,
    initiated_at TEXT NOT NULL,
    headers TEXT NOT NULL, -- ObjectHeaders as JSON
    encryption TEXT, -- Encryption as JSON
    key_check TEXT -- as in objects
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS uploads_in_order ON uploads (bucket, key, initiated_at, id);

CREATE TABLE IF NOT EXISTS parts (
    upload TEXT NOT NULL REFERENCES uploads (id) ON DELETE CASCADE,
    part_number INTEGER NOT NULL,
    info TEXT NOT NULL, -- Part as JSON
    blob INTEGER NOT NULL UNIQUE REFERENCES blobs (id),
    envelope TEXT, -- as in pieces
    PRIMARY KEY (upload, part_number)
) WITHOUT ROWID;

-- A blob goes with the last piece or part that it is in. Pieces may share it (copies), and parts become pieces.
CREATE TRIGGER IF NOT EXISTS piece_gone AFTER DELETE ON pieces
WHEN NOT EXISTS (SELECT 1 FROM pieces WHERE blob = OLD.blob)
BEGIN
    DELETE FROM blobs WHERE id = OLD.blob;
END;

CREATE TRIGGER IF NOT EXISTS part_gone AFTER DELETE ON parts
WHEN NOT EXISTS (SELECT 1 FROM pieces WHERE blob = OLD.blob)
BEGIN
    DELETE FROM blobs WHERE id = OLD.blob;
END;

-- Usage, kept up with every write: exact, and asked for in no time.
CREATE TRIGGER IF NOT EXISTS object_added AFTER INSERT ON objects
BEGIN
    UPDATE buckets SET object_count = object_count + 1, size_bytes = size_bytes + NEW.size_bytes
    WHERE name = NEW.bucket;
END;

CREATE TRIGGER IF NOT EXISTS object_gone AFTER DELETE ON objects
BEGIN
    UPDATE buckets SET object_count = object_count - 1, size_bytes = size_bytes - OLD.size_bytes
    WHERE name = OLD.bucket;
END;

PRAGMA application_id = 0x6275636b;
PRAGMA user_version = 2;

COMMIT;
