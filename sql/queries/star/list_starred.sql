-- Starred repositories that the account can still read. $1 account, $2 after this repository's id,
-- $3 how many.
SELECT r.id, n.name AS namespace, r.name, r.description, r.visibility = 'public' AS is_public
  FROM star s JOIN repository r ON r.id = s.repository_id JOIN namespace n ON n.id = r.namespace_id
 WHERE s.account_id = $1::bigint AND r.id > $2::bigint AND r.state <> 'MARKED_FOR_DELETION'
   AND (r.visibility = 'public' OR may_read(r.id, n.id, $1::bigint))
 ORDER BY r.id LIMIT $3::bigint
