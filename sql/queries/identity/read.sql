-- Which database this is. One row; the server's own identity is NULL where the role may not ask.
SELECT r.counter, r.accepted, r.accepted_done, s.system_identifier, s.timeline
  FROM registry_identity r, server_identity() s
