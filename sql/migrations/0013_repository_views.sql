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
