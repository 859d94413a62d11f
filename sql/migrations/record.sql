INSERT INTO migration (name, checksum) VALUES ($1::text, $2::text)
