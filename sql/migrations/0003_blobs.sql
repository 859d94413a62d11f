-- What is stored: generations of blobs, their segments, who may see them, and
-- uploads in progress.

-- A node owns a batch before it writes a segment under it, so that orphans are
-- found by listing one prefix. A closed batch takes no more commits (fencing).
CREATE TABLE segment_batch (
    id        bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    node_id   uuid NOT NULL,
    opened_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    closed_at timestamptz,
    swept_at  timestamptz
);
CREATE INDEX segment_batch_unswept ON segment_batch (node_id) WHERE swept_at IS NULL;

-- One row is one generation of a digest.
CREATE TABLE blob (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    digest       bytea NOT NULL,
    size_bytes   bigint NOT NULL CHECK (size_bytes >= 0),
    -- The bytes of a small blob; larger ones are segments.
    inline_bytes bytea,
    -- 0 live, 1 condemned, 2 being reaped.
    state        smallint NOT NULL DEFAULT 0,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp()
);
ALTER TABLE blob ALTER COLUMN inline_bytes SET STORAGE EXTERNAL;
CREATE UNIQUE INDEX blob_current_generation ON blob (digest) WHERE state < 2;

CREATE TABLE upload (
    id            uuid PRIMARY KEY,
    repository_id bigint NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    -- Raised by each take-over; an append or commit with an old one fails.
    epoch         bigint NOT NULL DEFAULT 1,
    offset_bytes  bigint NOT NULL,
    hash_state    bytea NOT NULL,
    -- The bytes so far of an upload that is still small.
    inline_bytes  bytea,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    saved_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX upload_saved_at ON upload (saved_at);

-- Names a stored object: by the generation it belongs to, or by a saved upload.
CREATE TABLE segment (
    batch_id   bigint NOT NULL REFERENCES segment_batch (id),
    name       bytea NOT NULL CHECK (octet_length(name) = 16),
    blob_id    bigint REFERENCES blob (id),
    upload_id  uuid REFERENCES upload (id),
    position   integer NOT NULL,
    size_bytes bigint NOT NULL,
    PRIMARY KEY (batch_id, name),
    CHECK ((blob_id IS NULL) <> (upload_id IS NULL))
);
CREATE UNIQUE INDEX segment_of_blob ON segment (blob_id, position) WHERE blob_id IS NOT NULL;
CREATE UNIQUE INDEX segment_of_upload ON segment (upload_id, position) WHERE upload_id IS NOT NULL;

-- A blob's presence in one repository: linked by a manifest or leased.
CREATE TABLE repository_blob (
    repository_id bigint NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    blob_id       bigint NOT NULL REFERENCES blob (id),
    leased_until  timestamptz NOT NULL,
    PRIMARY KEY (repository_id, blob_id)
);
CREATE INDEX repository_blob_blob ON repository_blob (blob_id);

CREATE TABLE manifest_blob (
    manifest_id   bigint NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    blob_id       bigint NOT NULL,
    repository_id bigint NOT NULL,
    PRIMARY KEY (manifest_id, blob_id)
);
CREATE INDEX manifest_blob_presence ON manifest_blob (repository_id, blob_id);
