-- Notes a key that may seal. $1 fingerprint. It is the one in use when there is none yet.
INSERT INTO sealing_key (fingerprint, is_current)
VALUES ($1::bytea, NOT EXISTS (SELECT 1 FROM sealing_key WHERE is_current))
ON CONFLICT DO NOTHING
