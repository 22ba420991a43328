-- The index of a store in a folder. A version is a list of pieces; a piece is a stretch of a content; a content is one
-- uploaded body, kept here (inline) or in a file under blobs/. So completing an upload and copying move no bytes.

-- Any change of a bucket's row, settings or access raises its revision: what a process knows of it stays valid so long.
CREATE TABLE IF NOT EXISTS buckets (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE,
    revision INTEGER NOT NULL DEFAULT 0,
    record BLOB NOT NULL -- BucketRecord
);

CREATE TABLE IF NOT EXISTS settings (
    bucket INTEGER NOT NULL,
    kind TEXT NOT NULL,
    value BLOB NOT NULL, -- as JSON, tagged with its kind
    PRIMARY KEY (bucket, kind)
) WITHOUT ROWID;

-- What a bucket holds: exact after every write. last_number is the highest number that a version got.
CREATE TABLE IF NOT EXISTS usage (
    bucket INTEGER PRIMARY KEY,
    object_count INTEGER NOT NULL DEFAULT 0,
    size_bytes INTEGER NOT NULL DEFAULT 0,
    noncurrent_count INTEGER NOT NULL DEFAULT 0,
    noncurrent_bytes INTEGER NOT NULL DEFAULT 0,
    last_number INTEGER NOT NULL DEFAULT 0
);

-- Keys are BLOBs: compared byte by byte, which is the contract's order, and free to hold NUL.
-- The newest version of a key is current, unless it is a delete marker.
CREATE TABLE IF NOT EXISTS versions (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    number INTEGER NOT NULL, -- newer versions have higher ones; 0: from before the bucket had versions
    is_current INTEGER NOT NULL,
    is_suspended INTEGER NOT NULL, -- 1: it was written while versioning was suspended, so its id is null
    size_bytes INTEGER NOT NULL,
    record BLOB NOT NULL, -- StoredObject or StoredMarker
    parts BLOB -- PartsRecord, for an object that was uploaded in parts
);
CREATE UNIQUE INDEX IF NOT EXISTS versions_in_order ON versions (bucket, key, number DESC);
CREATE UNIQUE INDEX IF NOT EXISTS current_versions ON versions (bucket, key) WHERE is_current = 1;
CREATE UNIQUE INDEX IF NOT EXISTS suspended_versions ON versions (bucket, key) WHERE is_suspended = 1;

-- session and number name the file of a content; data is an inline content. Contents without bytes are not stored.
CREATE TABLE IF NOT EXISTS contents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    refs INTEGER NOT NULL DEFAULT 0, -- how many pieces are of it
    stored_bytes INTEGER NOT NULL, -- size of the file or of data, after encryption
    digest BLOB NOT NULL, -- XXH3 (128 bits) of the same bytes
    session TEXT,
    number INTEGER,
    data BLOB
);
CREATE UNIQUE INDEX IF NOT EXISTS contents_in_files ON contents (session, number) WHERE session IS NOT NULL;

-- owner is the id of a version, or minus the id of a part; 0 holds pieces while their owner is being made.
CREATE TABLE IF NOT EXISTS pieces (
    owner INTEGER NOT NULL,
    at INTEGER NOT NULL, -- offset in the version or part
    content INTEGER NOT NULL,
    start INTEGER NOT NULL, -- offset in the content, before encryption
    length INTEGER NOT NULL,
    envelope BLOB, -- Envelope, which holds the wrapped key of the content; NULL if it is not encrypted
    PRIMARY KEY (owner, at)
) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS uploads (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    upload_id TEXT NOT NULL UNIQUE,
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    record BLOB NOT NULL -- UploadRecord
);
CREATE UNIQUE INDEX IF NOT EXISTS uploads_in_order ON uploads (bucket, key, id);

CREATE TABLE IF NOT EXISTS parts (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    upload INTEGER NOT NULL,
    number INTEGER NOT NULL,
    record BLOB NOT NULL -- PartRecord
);
CREATE UNIQUE INDEX IF NOT EXISTS parts_in_order ON parts (upload, number);

-- Uploads that were completed not long ago: a client whose response got lost sends the same completion again.
CREATE TABLE IF NOT EXISTS completions (
    upload_id TEXT PRIMARY KEY,
    bucket INTEGER NOT NULL,
    key BLOB NOT NULL,
    parts BLOB NOT NULL, -- digest of the listed parts
    completed_at REAL NOT NULL, -- seconds since 1970
    version_id TEXT NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS completions_in_order ON completions (completed_at);

-- Processes that write files. settled: files with lower numbers are named here, or are gone.
CREATE TABLE IF NOT EXISTS sessions (
    name TEXT PRIMARY KEY,
    settled INTEGER NOT NULL DEFAULT 0
) WITHOUT ROWID;

-- Files that nothing needs any more, to be deleted.
CREATE TABLE IF NOT EXISTS garbage (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    session TEXT NOT NULL,
    number INTEGER NOT NULL
);

CREATE TRIGGER IF NOT EXISTS piece_added AFTER INSERT ON pieces BEGIN
    UPDATE contents SET refs = refs + 1 WHERE id = NEW.content;
END;

CREATE TRIGGER IF NOT EXISTS piece_gone AFTER DELETE ON pieces BEGIN
    UPDATE contents SET refs = refs - 1 WHERE id = OLD.content;
    DELETE FROM contents WHERE id = OLD.content AND refs = 0;
END;

CREATE TRIGGER IF NOT EXISTS content_gone AFTER DELETE ON contents WHEN OLD.session IS NOT NULL BEGIN
    INSERT INTO garbage (session, number) VALUES (OLD.session, OLD.number);
END;

CREATE TRIGGER IF NOT EXISTS version_added AFTER INSERT ON versions BEGIN
    UPDATE usage SET
        object_count = object_count + NEW.is_current,
        size_bytes = size_bytes + NEW.is_current * NEW.size_bytes,
        noncurrent_count = noncurrent_count + 1 - NEW.is_current,
        noncurrent_bytes = noncurrent_bytes + (1 - NEW.is_current) * NEW.size_bytes
    WHERE bucket = NEW.bucket;
END;

CREATE TRIGGER IF NOT EXISTS version_gone AFTER DELETE ON versions BEGIN
    DELETE FROM pieces WHERE owner = OLD.id;
    UPDATE usage SET
        object_count = object_count - OLD.is_current,
        size_bytes = size_bytes - OLD.is_current * OLD.size_bytes,
        noncurrent_count = noncurrent_count - 1 + OLD.is_current,
        noncurrent_bytes = noncurrent_bytes - (1 - OLD.is_current) * OLD.size_bytes
    WHERE bucket = OLD.bucket;
END;

CREATE TRIGGER IF NOT EXISTS version_moved AFTER UPDATE OF is_current ON versions BEGIN
    UPDATE usage SET
        object_count = object_count + NEW.is_current - OLD.is_current,
        size_bytes = size_bytes + (NEW.is_current - OLD.is_current) * NEW.size_bytes,
        noncurrent_count = noncurrent_count + OLD.is_current - NEW.is_current,
        noncurrent_bytes = noncurrent_bytes + (OLD.is_current - NEW.is_current) * NEW.size_bytes
    WHERE bucket = NEW.bucket;
END;

CREATE TRIGGER IF NOT EXISTS part_gone AFTER DELETE ON parts BEGIN
    DELETE FROM pieces WHERE owner = -OLD.id;
END;

CREATE TRIGGER IF NOT EXISTS upload_gone AFTER DELETE ON uploads BEGIN
    DELETE FROM parts WHERE upload = OLD.id;
END;

CREATE TRIGGER IF NOT EXISTS bucket_added AFTER INSERT ON buckets BEGIN
    INSERT INTO usage (bucket) VALUES (NEW.id);
END;

CREATE TRIGGER IF NOT EXISTS bucket_gone AFTER DELETE ON buckets BEGIN
    DELETE FROM settings WHERE bucket = OLD.id;
    DELETE FROM usage WHERE bucket = OLD.id;
    DELETE FROM uploads WHERE bucket = OLD.id;
END;
