-- Who the server is, for health and fencing. One row.
SELECT current_setting('server_version_num')::integer AS version
