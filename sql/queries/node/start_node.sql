-- Announces a node. $1 id.
INSERT INTO node (id) VALUES ($1::uuid)
