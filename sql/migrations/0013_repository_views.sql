-- Repositories as the API lists and shows them, and what happened in them by day.

ALTER TABLE repository
    -- What stands in the link of a private repository's build badge.
    ADD COLUMN status_token uuid NOT NULL DEFAULT gen_random_uuid(),
    -- Set when it was deleted: its name is free, its content waits for the collector.
    ADD COLUMN deleted_at   timestamptz;

CREATE INDEX repository_namespace ON repository (namespace_id, id);
CREATE INDEX repository_public ON repository (id)
    WHERE visibility = 'public' AND state <> 'MARKED_FOR_DELETION';

-- How often something was done with a repository on a day (UTC). Without a foreign key: a count
-- that comes late must not undo the rows of the usage log that it comes with.
CREATE TABLE repository_action_count (
    repository_id bigint NOT NULL,
    day           date NOT NULL,
    count         bigint NOT NULL,
    PRIMARY KEY (repository_id, day)
);

-- Namespaces whose every repository an account administers; see may_read.
CREATE FUNCTION administered_namespaces(of_account bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    SELECT of_account WHERE of_account IS NOT NULL
    UNION
    SELECT t.organization_id FROM team_member m JOIN team t ON t.id = m.team_id
     WHERE m.account_id = of_account AND t.role = 'admin'
$$;

-- Repositories on which an account was granted a role, directly or by teams; see may_read.
CREATE FUNCTION granted_repositories(of_account bigint) RETURNS SETOF bigint LANGUAGE sql STABLE AS $$
    SELECT p.repository_id FROM repository_permission p WHERE p.account_id = of_account
    UNION
    SELECT p.repository_id FROM team_member m JOIN repository_permission p ON p.team_id = m.team_id
     WHERE m.account_id = of_account
$$;

-- Search by parts of words is fast with trigrams. Where they cannot be had it reads every row.
DO $$
BEGIN
    CREATE EXTENSION IF NOT EXISTS pg_trgm;
EXCEPTION WHEN OTHERS THEN
    RAISE NOTICE 'no trigrams: %', SQLERRM;
END
$$;
DO $$
BEGIN
    CREATE INDEX repository_name_parts ON repository USING gin (name gin_trgm_ops);
    CREATE INDEX repository_description_parts ON repository USING gin (description gin_trgm_ops);
EXCEPTION WHEN undefined_object THEN
    RAISE NOTICE 'no index of parts of words: %', SQLERRM;
END
$$;
