-- Organizations in order of their ids. $1 the id to begin after, $2 how many.
SELECT n.id, n.name, n.email FROM namespace n
 WHERE n.kind = 'organization' AND n.deleted_at IS NULL AND n.id > $1::bigint
 ORDER BY n.id LIMIT $2::bigint
