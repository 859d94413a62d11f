-- Changes an organization's settings. $1 organization, $2 whether invoices are mailed, $3 where to,
-- $4 time machine seconds.
UPDATE namespace SET invoice_email = $2::boolean, invoice_email_address = $3::text,
       tag_expiration_s = $4::bigint
 WHERE id = $1::bigint
