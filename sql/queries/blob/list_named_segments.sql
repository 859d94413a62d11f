-- Which of these objects something names. $1 batches, $2 names (parallel).
SELECT s.batch_id, s.name FROM segment s
  JOIN unnest($1::bigint[], $2::bytea[]) AS w (batch_id, name)
    ON w.batch_id = s.batch_id AND w.name = s.name
