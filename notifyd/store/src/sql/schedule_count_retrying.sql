-- From the index alone; both words of it, so that it is used.
SELECT count(*) FROM notifications INDEXED BY notifications_due
WHERE status IN ('pending', 'retrying') AND status = 'retrying' AND due_at >= ?1 AND due_at < ?2
