-- Everybody and everything that can ask: robots, teams, permissions, sessions,
-- applications and tokens. What a client may read again (robot tokens, application
-- secrets, app-specific tokens) is sealed; what it only shows once is hashed.

-- A robot is a namespace row of its own, named `owner+short`, so that grants,
-- epochs and the usage log treat it as any other principal.
ALTER TABLE namespace DROP CONSTRAINT namespace_kind_check;
ALTER TABLE namespace ADD CONSTRAINT namespace_kind_check
    CHECK (kind IN ('user', 'organization', 'robot'));
ALTER TABLE namespace
    ADD COLUMN invoice_email         boolean NOT NULL DEFAULT false,
    ADD COLUMN invoice_email_address text,
    ADD COLUMN contact_email         text,
    -- Who made an organization.
    ADD COLUMN created_by            bigint,
    -- Set when it was deleted: its name is free, its content waits for the collector.
    ADD COLUMN deleted_at            timestamptz;

ALTER TABLE account
    ADD COLUMN given_name       text,
    ADD COLUMN family_name      text,
    ADD COLUMN company          text,
    ADD COLUMN location         text,
    ADD COLUMN last_accessed_at timestamptz;

CREATE TABLE robot (
    namespace_id     bigint PRIMARY KEY REFERENCES namespace (id) ON DELETE CASCADE,
    owner_id         bigint NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    short_name       text COLLATE "C" NOT NULL,
    description      text NOT NULL DEFAULT '',
    metadata         jsonb NOT NULL DEFAULT '{}',
    sealed_token     bytea NOT NULL,
    last_accessed_at timestamptz,
    expires_at       timestamptz,
    UNIQUE (owner_id, short_name)
);

-- An outside identity that may log in as the robot.
CREATE TABLE robot_federation (
    robot_id bigint NOT NULL REFERENCES robot (namespace_id) ON DELETE CASCADE,
    position integer NOT NULL,
    issuer   text NOT NULL,
    subject  text NOT NULL,
    PRIMARY KEY (robot_id, position)
);

CREATE TABLE team (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    organization_id bigint NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    name            text COLLATE "C" NOT NULL,
    role            text NOT NULL CHECK (role IN ('member', 'creator', 'admin')),
    description     text NOT NULL DEFAULT '',
    UNIQUE (organization_id, name)
);

-- Users and robots.
CREATE TABLE team_member (
    team_id    bigint NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    account_id bigint NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    PRIMARY KEY (team_id, account_id)
);
CREATE INDEX team_member_account ON team_member (account_id);

CREATE TABLE team_invite (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    team_id    bigint NOT NULL REFERENCES team (id) ON DELETE CASCADE,
    account_id bigint REFERENCES namespace (id) ON DELETE CASCADE,
    email      text,
    inviter_id bigint REFERENCES namespace (id) ON DELETE SET NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((account_id IS NULL) <> (email IS NULL))
);
CREATE UNIQUE INDEX team_invite_account ON team_invite (team_id, account_id) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX team_invite_email ON team_invite (team_id, lower(email)) WHERE email IS NOT NULL;
CREATE INDEX team_invite_of_account ON team_invite (account_id);

INSERT INTO team (organization_id, name, role)
SELECT id, 'owners', 'admin' FROM namespace WHERE kind = 'organization';
INSERT INTO team_member (team_id, account_id)
SELECT t.id, o.account_id FROM organization_owner o
  JOIN team t ON t.organization_id = o.organization_id AND t.name = 'owners';
DROP TABLE organization_owner;

-- A role on a repository, for a user or robot or for a team.
CREATE TABLE repository_permission (
    repository_id bigint NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    account_id    bigint REFERENCES namespace (id) ON DELETE CASCADE,
    team_id       bigint REFERENCES team (id) ON DELETE CASCADE,
    role          text NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    CHECK ((account_id IS NULL) <> (team_id IS NULL))
);
CREATE UNIQUE INDEX repository_permission_account
    ON repository_permission (repository_id, account_id) WHERE account_id IS NOT NULL;
CREATE UNIQUE INDEX repository_permission_team
    ON repository_permission (repository_id, team_id) WHERE team_id IS NOT NULL;
CREATE INDEX repository_permission_of_account ON repository_permission (account_id);
CREATE INDEX repository_permission_of_team ON repository_permission (team_id);

-- What an organization's new repositories grant by themselves (Quay's prototypes).
CREATE TABLE default_permission (
    id                  uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    organization_id     bigint NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    -- Whose new repositories; NULL means everybody's.
    creator_id          bigint REFERENCES namespace (id) ON DELETE CASCADE,
    delegate_account_id bigint REFERENCES namespace (id) ON DELETE CASCADE,
    delegate_team_id    bigint REFERENCES team (id) ON DELETE CASCADE,
    role                text NOT NULL CHECK (role IN ('read', 'write', 'admin')),
    created_at          timestamptz NOT NULL DEFAULT clock_timestamp(),
    CHECK ((delegate_account_id IS NULL) <> (delegate_team_id IS NULL))
);
CREATE INDEX default_permission_organization ON default_permission (organization_id);

-- A browser's login; the cookie holds what hashes to this.
CREATE TABLE session (
    token_hash bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account (namespace_id) ON DELETE CASCADE,
    csrf_token text NOT NULL,
    -- When the password was last given; decides what needs a fresh login.
    login_at   timestamptz NOT NULL DEFAULT clock_timestamp(),
    seen_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at timestamptz NOT NULL
);
CREATE INDEX session_account ON session (account_id);
CREATE INDEX session_expires_at ON session (expires_at);

CREATE TABLE oauth_application (
    id              bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    client_id       text NOT NULL UNIQUE,
    organization_id bigint NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    name            text NOT NULL,
    redirect_uri    text NOT NULL DEFAULT '',
    application_uri text NOT NULL DEFAULT '',
    description     text NOT NULL DEFAULT '',
    avatar_email    text,
    sealed_secret   bytea NOT NULL,
    created_at      timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX oauth_application_organization ON oauth_application (organization_id, id);

-- Forty characters: the first twenty find the row, the rest hashes to secret_hash.
CREATE TABLE oauth_token (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id   bigint NOT NULL REFERENCES oauth_application (id) ON DELETE CASCADE,
    account_id       bigint NOT NULL REFERENCES account (namespace_id) ON DELETE CASCADE,
    prefix           text COLLATE "C" NOT NULL UNIQUE,
    secret_hash      bytea NOT NULL,
    scope            text NOT NULL,
    -- Made for an application by an administrator of its organization, under this name.
    display_name     text,
    created_by       bigint REFERENCES namespace (id) ON DELETE SET NULL,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at       timestamptz NOT NULL,
    last_accessed_at timestamptz
);
CREATE INDEX oauth_token_application ON oauth_token (application_id);
CREATE INDEX oauth_token_account ON oauth_token (account_id);

CREATE TABLE oauth_code (
    prefix         text COLLATE "C" PRIMARY KEY,
    secret_hash    bytea NOT NULL,
    application_id bigint NOT NULL REFERENCES oauth_application (id) ON DELETE CASCADE,
    account_id     bigint NOT NULL REFERENCES account (namespace_id) ON DELETE CASCADE,
    scope          text NOT NULL,
    redirect_uri   text NOT NULL,
    expires_at     timestamptz NOT NULL
);

-- A token that an administrator offers to another user.
CREATE TABLE oauth_assignment (
    id             uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    application_id bigint NOT NULL REFERENCES oauth_application (id) ON DELETE CASCADE,
    account_id     bigint NOT NULL REFERENCES account (namespace_id) ON DELETE CASCADE,
    scope          text NOT NULL,
    redirect_uri   text NOT NULL,
    response_type  text NOT NULL,
    created_at     timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX oauth_assignment_account ON oauth_assignment (account_id);

-- App-specific tokens.
CREATE TABLE app_token (
    id               uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    account_id       bigint NOT NULL REFERENCES account (namespace_id) ON DELETE CASCADE,
    title            text NOT NULL,
    prefix           text COLLATE "C" NOT NULL UNIQUE,
    sealed_secret    bytea NOT NULL,
    created_at       timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at       timestamptz,
    last_accessed_at timestamptz
);
CREATE INDEX app_token_account ON app_token (account_id);

ALTER TABLE service_key
    ADD COLUMN metadata            jsonb NOT NULL DEFAULT '{}',
    ADD COLUMN rotation_duration_s bigint,
    ADD COLUMN approval_type       text CHECK (approval_type IN ('Super User API', 'Key Rotation', 'ServiceKeyApprovalType.AUTOMATIC')),
    ADD COLUMN approver_id         bigint REFERENCES namespace (id) ON DELETE SET NULL,
    ADD COLUMN approved_at         timestamptz,
    ADD COLUMN notes               text NOT NULL DEFAULT '';

CREATE TABLE user_notification (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    kind        text NOT NULL,
    target_id   bigint NOT NULL REFERENCES namespace (id) ON DELETE CASCADE,
    metadata    jsonb NOT NULL DEFAULT '{}',
    -- Finds it again when what it is about goes, such as an invitation's id.
    lookup_path text,
    dismissed   boolean NOT NULL DEFAULT false,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE INDEX user_notification_target ON user_notification (target_id, created_at DESC);
CREATE INDEX user_notification_lookup ON user_notification (lookup_path) WHERE lookup_path IS NOT NULL;

CREATE TABLE star (
    account_id    bigint NOT NULL REFERENCES account (namespace_id) ON DELETE CASCADE,
    repository_id bigint NOT NULL REFERENCES repository (id) ON DELETE CASCADE,
    created_at    timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (account_id, repository_id)
);
CREATE INDEX star_repository ON star (repository_id);

CREATE TABLE global_message (
    id         uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    content    text NOT NULL,
    media_type text NOT NULL,
    severity   text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT clock_timestamp()
);

-- A code that was mailed: it proves an address or lets a forgotten password be replaced.
CREATE TABLE confirmation (
    code_hash  bytea PRIMARY KEY,
    account_id bigint NOT NULL REFERENCES account (namespace_id) ON DELETE CASCADE,
    purpose    text NOT NULL CHECK (purpose IN ('verify_email', 'change_email', 'recover')),
    new_email  text,
    expires_at timestamptz NOT NULL
);
CREATE INDEX confirmation_account ON confirmation (account_id);

-- Keys that sealed something here, by fingerprint; the keys themselves are in a file.
CREATE TABLE sealing_key (
    fingerprint bytea PRIMARY KEY,
    is_current  boolean NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT clock_timestamp()
);
CREATE UNIQUE INDEX sealing_key_current ON sealing_key (is_current) WHERE is_current;

-- Outdates every token of these principals and namespaces.
CREATE FUNCTION raise_epochs(ids bigint[]) RETURNS void LANGUAGE sql AS $$
    WITH locked AS (
        SELECT id FROM namespace WHERE id = ANY (ids) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE namespace n SET epoch = n.epoch + 1, epoch_changed_at = clock_timestamp()
      FROM locked WHERE n.id = locked.id
$$;

-- The highest of roles: admin, then creator or write, then member or read.
CREATE FUNCTION highest_role(roles text[]) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT r FROM unnest(roles) AS r
     ORDER BY array_position(ARRAY['admin', 'write', 'creator', 'read', 'member'], r) LIMIT 1
$$;

-- What an account may do in an organization by its teams; NULL when it is in none.
CREATE FUNCTION team_role(of_organization bigint, of_account bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT highest_role(array_agg(t.role)) FROM team t JOIN team_member m ON m.team_id = t.id
     WHERE t.organization_id = of_organization AND m.account_id = of_account
$$;

-- The highest role an account was granted on a repository, directly or by teams; NULL when none.
CREATE FUNCTION granted_role(of_repository bigint, of_account bigint) RETURNS text LANGUAGE sql STABLE AS $$
    SELECT highest_role(array_agg(g.role)) FROM (
        SELECT p.role FROM repository_permission p
         WHERE p.repository_id = of_repository AND p.account_id = of_account
        UNION ALL
        SELECT p.role FROM repository_permission p
          JOIN team_member m ON m.team_id = p.team_id AND m.account_id = of_account
         WHERE p.repository_id = of_repository
    ) g
$$;

-- Whether an account may read a repository by what it was granted: it owns the namespace,
-- administers the organization, or holds a role. Visibility is not looked at.
CREATE FUNCTION may_read(of_repository bigint, of_namespace bigint, of_account bigint)
RETURNS boolean LANGUAGE sql STABLE AS $$
    SELECT of_namespace = of_account
        OR team_role(of_namespace, of_account) = 'admin'
        OR granted_role(of_repository, of_account) IS NOT NULL
$$;

-- Gives a new repository's creator its admin role and, in an organization, applies the default
-- permissions: one for this creator beats one for everybody, and the creator is no delegate.
CREATE FUNCTION grant_on_creation(of_repository bigint, of_creator bigint) RETURNS void LANGUAGE sql AS $$
    INSERT INTO repository_permission (repository_id, account_id, role)
    SELECT of_repository, of_creator, 'admin' WHERE of_creator IS NOT NULL
    ON CONFLICT DO NOTHING;
    INSERT INTO repository_permission (repository_id, account_id, team_id, role)
    SELECT DISTINCT ON (d.delegate_account_id, d.delegate_team_id)
           r.id, d.delegate_account_id, d.delegate_team_id, d.role
      FROM repository r
      JOIN namespace n ON n.id = r.namespace_id AND n.kind = 'organization'
      JOIN default_permission d ON d.organization_id = n.id
     WHERE r.id = of_repository
       AND (d.creator_id IS NULL OR d.creator_id = of_creator)
       AND (d.delegate_account_id IS NULL OR d.delegate_account_id IS DISTINCT FROM of_creator)
     ORDER BY d.delegate_account_id, d.delegate_team_id, (d.creator_id IS NULL), d.created_at DESC
    ON CONFLICT DO NOTHING;
$$;

-- Makes a repository if it is not there, with its grants and its log row, which also says what
-- `credential` holds. No row when the
-- namespace is missing, gone, or not among those given (NULL: any); a row without an id when it holds as many as it may (0: any number).
CREATE FUNCTION create_repository(
    of_namespace text, of_name text, of_visibility text, of_description text,
    by_account bigint, from_ip text, by_request text, most_repositories bigint,
    among_namespaces bigint[], credential jsonb DEFAULT NULL
) RETURNS TABLE (id bigint, created boolean) LANGUAGE plpgsql AS $$
#variable_conflict use_column
DECLARE
    owner_id bigint;
    made_id bigint;
BEGIN
    SELECT n.id INTO owner_id FROM namespace n
     WHERE n.name = of_namespace AND n.kind <> 'robot' FOR KEY SHARE;
    IF owner_id IS NULL OR owner_id <> ALL (among_namespaces) THEN
        RETURN;
    END IF;
    IF most_repositories > 0
       AND NOT EXISTS (SELECT 1 FROM repository r
                        WHERE r.namespace_id = owner_id AND r.name = of_name)
       AND (SELECT count(*) FROM repository r
             WHERE r.namespace_id = owner_id AND r.state <> 'MARKED_FOR_DELETION') >= most_repositories
    THEN
        RETURN QUERY SELECT NULL::bigint, false;
        RETURN;
    END IF;
    INSERT INTO repository (namespace_id, name, visibility, description, created_by)
    VALUES (owner_id, of_name, of_visibility, of_description, by_account)
    ON CONFLICT (namespace_id, name) DO NOTHING
    RETURNING repository.id INTO made_id;
    IF made_id IS NULL THEN
        RETURN QUERY SELECT r.id, false FROM repository r
                      WHERE r.namespace_id = owner_id AND r.name = of_name;
        RETURN;
    END IF;
    PERFORM grant_on_creation(made_id, by_account);
    INSERT INTO usage_log (kind, namespace_id, repository_id, performer_id, ip, request_id, metadata)
    VALUES ('create_repo', owner_id, made_id, by_account, from_ip, by_request,
            jsonb_build_object('namespace', of_namespace, 'repo', of_name)
            || coalesce(credential, '{}'));
    RETURN QUERY SELECT made_id, true;
END
$$;
