-- From the index alone.
SELECT count(*) FROM notifications INDEXED BY notifications_retrying
WHERE status = 'retrying' AND due_at >= ?1 AND due_at < ?2
