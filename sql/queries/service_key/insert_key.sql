-- Publishes a signing key's public half. $1 kid, $2 service, $3 name, $4 JWK, $5 life in seconds.
INSERT INTO service_key (kid, service, name, jwk, approved, expires_at, approval_type, approved_at)
VALUES ($1::text, $2::text, $3::text, $4::jsonb, true,
        clock_timestamp() + make_interval(secs => $5::double precision),
        'ServiceKeyApprovalType.AUTOMATIC', clock_timestamp())
ON CONFLICT (kid) DO UPDATE SET expires_at = excluded.expires_at
