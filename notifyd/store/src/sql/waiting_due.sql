-- Both words of the index, so that it is used; it has all that is asked for.
SELECT due_at, lane, service FROM notifications
WHERE status IN ('pending', 'retrying') AND status = ?1 AND due_at IS NOT NULL
ORDER BY due_at
LIMIT ?2
