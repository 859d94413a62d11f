-- Takes a robot away: its credentials, memberships and grants go, its name is free, its row stays
-- for the usage log. $1 its row.
WITH credentials AS (DELETE FROM robot WHERE namespace_id = $1::bigint),
     memberships AS (DELETE FROM team_member WHERE account_id = $1::bigint),
     grants AS (DELETE FROM repository_permission WHERE account_id = $1::bigint),
     defaults AS (DELETE FROM default_permission
                   WHERE delegate_account_id = $1::bigint OR creator_id = $1::bigint)
UPDATE namespace SET name = '$deleted-' || id, enabled = false, deleted_at = clock_timestamp(),
       epoch = epoch + 1, epoch_changed_at = clock_timestamp()
 WHERE id = $1::bigint AND kind = 'robot'
RETURNING id
