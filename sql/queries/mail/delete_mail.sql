-- Forgets a mail. $1 id.
DELETE FROM outgoing_mail WHERE id = $1::uuid
