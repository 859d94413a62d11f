-- Takes a repository for changes to what is published there. $1 repository. At most one row.
SELECT r.namespace_id, r.state FROM repository r WHERE r.id = $1::bigint FOR NO KEY UPDATE
