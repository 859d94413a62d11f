-- One service key. $1 kid; $2 service, NULL for any.
SELECT k.kid, k.service, k.name, k.jwk, k.metadata, k.approved, k.rotation_duration_s,
       extract(epoch FROM k.created_at)::bigint AS created_at_s,
       extract(epoch FROM k.expires_at)::bigint AS expires_at_s,
       coalesce(k.expires_at <= clock_timestamp(), false) AS is_expired,
       k.approval_type, extract(epoch FROM k.approved_at)::bigint AS approved_at_s,
       k.approver_id, k.notes
  FROM service_key k WHERE k.kid = $1::text AND ($2::text IS NULL OR k.service = $2::text)
