-- Approved keys that have not expired. $1 service.
SELECT kid, jwk, extract(epoch FROM expires_at)::bigint AS expires_at_s FROM service_key
 WHERE service = $1::text AND approved AND (expires_at IS NULL OR expires_at > clock_timestamp())
 ORDER BY created_at
