-- Takes back the notifications about one thing. $1 lookup path.
DELETE FROM user_notification WHERE lookup_path = $1::text RETURNING id
