-- Changes what is named. $1 account, $2 an object with any of invoice_email,
-- invoice_email_address, tag_expiration_s.
UPDATE namespace
   SET invoice_email = coalesce(($2::jsonb ->> 'invoice_email')::boolean, invoice_email),
       invoice_email_address = CASE WHEN $2::jsonb ? 'invoice_email_address'
                                    THEN $2::jsonb ->> 'invoice_email_address'
                                    ELSE invoice_email_address END,
       tag_expiration_s = coalesce(($2::jsonb ->> 'tag_expiration_s')::bigint, tag_expiration_s)
 WHERE id = $1::bigint
