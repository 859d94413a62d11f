-- Changes a team. $1 team, $2 role, $3 description.
UPDATE team SET role = $2::text, description = $3::text WHERE id = $1::bigint RETURNING id
