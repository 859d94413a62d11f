-- Removes a blob's presence from a repository; see the function unlink_blob.
SELECT present, needed FROM unlink_blob($1::bigint, $2::bytea)
