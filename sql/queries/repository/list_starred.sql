-- Repositories that an account has starred and may still see, oldest first. $1 account, $2 whether
-- it sees everything, $3 only ids above, $4 how many.
SELECT r.id FROM star s
  JOIN repository r ON r.id = s.repository_id
  JOIN namespace n ON n.id = r.namespace_id
 WHERE s.account_id = $1::bigint AND n.enabled AND r.state <> 'MARKED_FOR_DELETION'
   AND r.id > $3::bigint
   AND ($2::boolean OR r.visibility = 'public' OR may_read(r.id, n.id, $1::bigint))
 ORDER BY r.id LIMIT $4::bigint
