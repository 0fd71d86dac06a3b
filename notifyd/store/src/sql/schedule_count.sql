-- From the index alone.
SELECT count(*) FROM notifications INDEXED BY notifications_due
WHERE status IN ('pending', 'retrying') AND due_at >= ?1 AND due_at < ?2
