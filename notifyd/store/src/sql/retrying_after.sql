-- When the first retry after a moment is due.
SELECT due_at FROM notifications INDEXED BY notifications_retrying
WHERE status = 'retrying' AND due_at > ?1
ORDER BY due_at
LIMIT 1
