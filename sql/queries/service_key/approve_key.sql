-- Approves a key that waits. $1 kid, $2 kind of approval, $3 approver or NULL, $4 notes. No row when
-- there is none that waits.
UPDATE service_key SET approved = true, approval_type = $2::text, approver_id = $3::bigint,
       approved_at = clock_timestamp(), notes = $4::text
 WHERE kid = $1::text AND NOT approved RETURNING kid
