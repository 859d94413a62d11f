-- A session that has not expired. $1 hash of its token.
SELECT s.account_id, s.csrf_token,
       extract(epoch FROM clock_timestamp() - s.login_at)::double precision AS login_age_s,
       extract(epoch FROM clock_timestamp() - s.seen_at)::double precision AS seen_age_s
  FROM session s WHERE s.token_hash = $1::bytea AND s.expires_at > clock_timestamp()
