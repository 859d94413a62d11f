-- How many mails wait to be sent. One row.
SELECT count(*) FROM outgoing_mail
