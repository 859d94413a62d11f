-- An organization's own settings. $1 organization.
SELECT n.id, n.name, n.email, n.contact_email, n.invoice_email, n.invoice_email_address, n.tag_expiration_s
  FROM namespace n WHERE n.id = $1::bigint AND n.kind = 'organization' AND n.deleted_at IS NULL
