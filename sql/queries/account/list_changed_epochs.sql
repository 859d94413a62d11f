-- Principals and namespaces whose permissions changed of late, and with $2 those that are new.
-- $1 how far back, seconds.
SELECT id, epoch, enabled,
       CASE WHEN $2::boolean AND created_at > clock_timestamp()
                    - make_interval(secs => $1::double precision) THEN name END AS new_name,
       created_by
  FROM namespace
 WHERE epoch_changed_at > clock_timestamp() - make_interval(secs => $1::double precision)
   AND (epoch > 1 OR NOT enabled OR ($2::boolean AND kind <> 'robot'))
