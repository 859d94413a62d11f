-- The credentials of a user, and the wrong passwords in a row from one network. $1 user name or
-- e-mail, $2 network. At most one row.
SELECT n.id, n.name, n.enabled, n.epoch, a.uuid::text, a.password_phc, a.superuser,
       coalesce(f.failures, 0) AS failed_logins,
       extract(epoch FROM clock_timestamp() - f.last_at)::double precision AS since_failure_s
  FROM namespace n JOIN account a ON a.namespace_id = n.id
  LEFT JOIN login_failure f ON f.account_id = a.namespace_id AND f.network = $2::text
 WHERE n.kind = 'user' AND (n.name = $1::text OR lower(n.email) = lower($1::text))
 ORDER BY (n.name = $1::text) DESC LIMIT 1
