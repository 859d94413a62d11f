-- Changes an organization's addresses. $1 organization, $2 e-mail, $3 contact e-mail.
UPDATE namespace SET email = $2::text, contact_email = $3::text WHERE id = $1::bigint
