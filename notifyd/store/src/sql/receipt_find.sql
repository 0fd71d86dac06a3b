-- A provider that gives an id again means the newest.
SELECT seq, number
FROM attempts
WHERE provider = ?1 AND external_id = ?2 AND receipt IS NOT NULL
ORDER BY seq DESC, number DESC
LIMIT 1
