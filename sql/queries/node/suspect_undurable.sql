-- Makes suspects of what a power cut may have taken; see the function. $1 node, $2 boot or NULL.
SELECT suspects, cached_nodes FROM suspect_undurable($1::uuid, $2::text)
