-- Keeps a mail until it is sent. $1 id, $2 recipient, $3 sealed letter, $4 how many may wait.
-- A row, none when too many wait.
INSERT INTO outgoing_mail (id, recipient, sealed_letter)
SELECT $1::uuid, $2::text, $3::bytea
 WHERE (SELECT count(*) FROM outgoing_mail) < $4::bigint
RETURNING id
