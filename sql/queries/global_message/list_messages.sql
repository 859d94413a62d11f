-- All messages to everybody, oldest first.
SELECT id, content, media_type, severity FROM global_message ORDER BY created_at, id
