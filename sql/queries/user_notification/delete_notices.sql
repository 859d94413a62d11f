-- Takes back what users were told about a thing. $1 the thing.
DELETE FROM user_notification WHERE lookup_path = $1::text
