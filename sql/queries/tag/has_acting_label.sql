-- Whether a label of a manifest says when its tags end. $1 manifest. One row.
SELECT acting_end_ms($1::bigint, 0) IS NOT NULL
