-- Deletes a repository for everybody but the collector: its name is free, nobody has a role on it
-- or a star at it. $1 repository. A row unless it was deleted before.
WITH marked AS (
    UPDATE repository
       SET state = 'MARKED_FOR_DELETION', name = '$deleted-' || id, deleted_at = clock_timestamp()
     WHERE id = $1::bigint AND state <> 'MARKED_FOR_DELETION' RETURNING id
), roles AS (
    DELETE FROM repository_permission p USING marked WHERE p.repository_id = marked.id
), stars AS (
    DELETE FROM star s USING marked WHERE s.repository_id = marked.id
)
SELECT id FROM marked
