-- Says that a key is the one in use. $1 fingerprint.
UPDATE sealing_key SET is_current = true WHERE fingerprint = $1::bytea
