-- The fingerprint of the key in use.
SELECT fingerprint FROM sealing_key WHERE is_current
