-- What waits for one moment, from a number on: the rest of it, after a page that ended within it.
SELECT seq, due_at FROM notifications INDEXED BY notifications_due
WHERE status IN ('pending', 'retrying') AND due_at = ?1 AND seq > ?2
ORDER BY seq
