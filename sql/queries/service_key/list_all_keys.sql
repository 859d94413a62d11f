-- All service keys with what is known of their approval, oldest first.
SELECT k.kid, k.service, k.name, k.jwk, k.metadata, k.approved, k.rotation_duration_s,
       extract(epoch FROM k.created_at)::bigint AS created_at_s,
       extract(epoch FROM k.expires_at)::bigint AS expires_at_s,
       coalesce(k.expires_at <= clock_timestamp(), false) AS is_expired,
       k.approval_type, extract(epoch FROM k.approved_at)::bigint AS approved_at_s,
       k.approver_id, k.notes
  FROM service_key k ORDER BY k.created_at, k.kid
