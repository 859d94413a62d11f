-- What is published: repositories, manifests, tag spans, and the usage log.

CREATE TABLE repository (
    id           bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    namespace_id bigint NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    name         text COLLATE "C" NOT NULL,
    visibility   text NOT NULL CHECK (visibility IN ('public', 'private')),
    state        text NOT NULL DEFAULT 'NORMAL'
                 CHECK (state IN ('NORMAL', 'READ_ONLY', 'MIRROR', 'ORG_MIRROR', 'MARKED_FOR_DELETION')),
    description  text NOT NULL DEFAULT '',
    created_by   bigint,
    created_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    UNIQUE (namespace_id, name)
);

CREATE TABLE manifest (
    id                bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository_id     bigint NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    -- One algorithm byte (1 sha256, 2 sha512), then the hash.
    digest            bytea NOT NULL,
    media_type        text NOT NULL,
    artifact_type     text,
    config_media_type text,
    subject_digest    bytea,
    annotations       jsonb,
    bytes             bytea NOT NULL,
    layers_size_bytes bigint NOT NULL DEFAULT 0,
    pushed_at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- Set by a delete by digest: kept for the time machine, no longer served.
    deleted_at        timestamptz,
    UNIQUE (repository_id, digest)
);
ALTER TABLE manifest ALTER COLUMN bytes SET STORAGE EXTERNAL;
CREATE INDEX manifest_subject ON manifest (repository_id, subject_digest, id)
    WHERE subject_digest IS NOT NULL;

CREATE TABLE manifest_child (
    manifest_id   bigint NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    repository_id bigint NOT NULL,
    child_digest  bytea NOT NULL,
    PRIMARY KEY (manifest_id, child_digest)
);
CREATE INDEX manifest_child_digest ON manifest_child (repository_id, child_digest);

-- A tag's life is a half-open span in Unix milliseconds; no end means it lives.
CREATE TABLE tag (
    id            bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    repository_id bigint NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    manifest_id   bigint NOT NULL REFERENCES manifest (id) ON DELETE CASCADE,
    name          text COLLATE "C" NOT NULL,
    start_ms      bigint NOT NULL,
    end_ms        bigint,
    hidden        boolean NOT NULL DEFAULT false,
    reversion     boolean NOT NULL DEFAULT false,
    immutable     boolean NOT NULL DEFAULT false,
    CHECK (end_ms IS NULL OR end_ms >= start_ms)
);
CREATE UNIQUE INDEX tag_one_open_span ON tag (repository_id, name) WHERE end_ms IS NULL;
CREATE INDEX tag_history ON tag (repository_id, name, start_ms);
CREATE INDEX tag_manifest ON tag (manifest_id);

CREATE TABLE usage_log (
    id            bigint GENERATED ALWAYS AS IDENTITY,
    at            timestamptz NOT NULL DEFAULT clock_timestamp(),
    kind          text NOT NULL,
    namespace_id  bigint,
    repository_id bigint,
    performer_id  bigint,
    ip            text,
    request_id    text,
    metadata      jsonb NOT NULL DEFAULT '{}',
    PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE TABLE usage_log_default PARTITION OF usage_log DEFAULT;
