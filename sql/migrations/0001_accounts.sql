-- Who exists: namespaces (users and organizations share one name space), the
-- credentials of users, signing keys, and the nodes of this registry.

CREATE TABLE namespace (
    id               bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name             text COLLATE "C" NOT NULL UNIQUE,
    kind             text NOT NULL CHECK (kind IN ('user', 'organization')),
    email            text,
    enabled          boolean NOT NULL DEFAULT true,
    tag_expiration_s bigint NOT NULL CHECK (tag_expiration_s >= 0),
    -- Grows with each change of what its credentials may do; tokens carry it.
    epoch            bigint NOT NULL DEFAULT 1,
    epoch_changed_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX namespace_user_email ON namespace (lower(email)) WHERE kind = 'user';
CREATE INDEX namespace_epoch_changed_at ON namespace (epoch_changed_at);

CREATE TABLE account (
    namespace_id    bigint PRIMARY KEY REFERENCES namespace (id) ON DELETE CASCADE,
    uuid            uuid NOT NULL UNIQUE DEFAULT gen_random_uuid(),
    password_phc    text,
    verified        boolean NOT NULL DEFAULT false,
    superuser       boolean NOT NULL DEFAULT false,
    failed_logins   integer NOT NULL DEFAULT 0,
    last_failure_at timestamptz
);

-- Who administers an organization, until teams exist.
CREATE TABLE organization_owner (
    organization_id bigint NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    account_id      bigint NOT NULL REFERENCES account (namespace_id) ON DELETE CASCADE,
    PRIMARY KEY (organization_id, account_id)
);
CREATE INDEX organization_owner_account ON organization_owner (account_id);

-- Public halves only: a node keeps its private key in memory.
CREATE TABLE service_key (
    kid        text PRIMARY KEY,
    service    text NOT NULL,
    name       text NOT NULL DEFAULT '',
    jwk        jsonb NOT NULL,
    approved   boolean NOT NULL DEFAULT false,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz
);

CREATE TABLE node (
    id           uuid PRIMARY KEY,
    started_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    heartbeat_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    stopped_at   timestamptz
);
CREATE INDEX node_running ON node (heartbeat_at) WHERE stopped_at IS NULL;
