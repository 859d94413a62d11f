-- Fingerprints of keys that may have sealed something.
SELECT fingerprint FROM sealing_key ORDER BY is_current DESC, created_at
