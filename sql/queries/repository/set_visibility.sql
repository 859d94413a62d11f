-- Changes who may read without a role. $1 repository, $2 visibility. A row unless it was deleted.
UPDATE repository SET visibility = $2::text
 WHERE id = $1::bigint AND state <> 'MARKED_FOR_DELETION' RETURNING id
