-- Changes whether pushes are taken. $1 repository, $2 state. A row unless it was deleted.
UPDATE repository SET state = $2::text
 WHERE id = $1::bigint AND state <> 'MARKED_FOR_DELETION' RETURNING id
