-- Holds an organization until the end of the transaction, so that one change of its teams follows
-- the other. $1 organization. One row when it is there.
SELECT n.id FROM namespace n
 WHERE n.id = $1::bigint AND n.kind = 'organization' AND n.deleted_at IS NULL FOR NO KEY UPDATE
