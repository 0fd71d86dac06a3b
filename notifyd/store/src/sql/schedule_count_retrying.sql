-- Both words of the index, so that it is used; the row has to be looked up.
SELECT count(*) FROM notifications INDEXED BY notifications_due
WHERE status IN ('pending', 'retrying') AND status = 'retrying' AND due_at >= ?1 AND due_at < ?2
