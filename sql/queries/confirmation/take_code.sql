-- Uses a code up. $1 its hash, $2 whether it lets a password be replaced.
DELETE FROM confirmation
 WHERE code_hash = $1::bytea AND (purpose = 'recover') = $2::boolean
   AND expires_at > clock_timestamp()
RETURNING account_id, new_email
