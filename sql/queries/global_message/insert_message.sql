-- A message to everybody. $1 content, $2 media type, $3 severity. Answers its id.
INSERT INTO global_message (content, media_type, severity) VALUES ($1::text, $2::text, $3::text)
RETURNING id
