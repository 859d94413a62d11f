-- Notes which key seals. $1 fingerprint. The first one wins.
INSERT INTO sealing_key (fingerprint, is_current) VALUES ($1::bytea, true)
ON CONFLICT DO NOTHING
