-- Takes the mail that is due, and sets when it is tried again. $1 wait after the first failure in
-- seconds; it doubles with each.
UPDATE outgoing_mail m
   SET attempts = m.attempts + 1,
       next_attempt_at = clock_timestamp()
           + make_interval(secs => least($1::double precision * 2 ^ least(m.attempts, 20), 21600))
 WHERE m.id = (SELECT id FROM outgoing_mail WHERE next_attempt_at <= clock_timestamp()
                ORDER BY next_attempt_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING m.id, m.recipient, m.sealed_letter,
          m.created_at < clock_timestamp() - interval '2 days' AS is_last
