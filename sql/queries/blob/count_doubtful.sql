-- How many generations are suspect and how many are lost. One row.
SELECT count(*) FILTER (WHERE state = 3) AS suspects, count(*) FILTER (WHERE state = 4) AS lost
  FROM blob WHERE state >= 3
