-- Principals whose permissions changed of late. $1 how far back, seconds.
SELECT id, epoch, enabled FROM namespace
 WHERE epoch_changed_at > clock_timestamp() - make_interval(secs => $1::double precision)
   AND (epoch > 1 OR NOT enabled)
