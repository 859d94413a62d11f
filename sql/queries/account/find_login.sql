-- The credentials of a user. $1 user name or e-mail. At most one row.
SELECT n.id, n.name, n.enabled, n.epoch, a.uuid::text, a.password_phc, a.superuser,
       a.failed_logins,
       extract(epoch FROM clock_timestamp() - a.last_failure_at)::double precision AS since_failure_s
  FROM namespace n JOIN account a ON a.namespace_id = n.id
 WHERE n.kind = 'user' AND (n.name = $1::text OR lower(n.email) = lower($1::text))
 ORDER BY (n.name = $1::text) DESC LIMIT 1
