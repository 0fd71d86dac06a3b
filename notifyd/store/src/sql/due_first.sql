-- When the first of those of one status is due; from the index alone, past those of the other.
SELECT due_at FROM notifications INDEXED BY notifications_due
WHERE status IN ('pending', 'retrying') AND status = ?1 AND due_at IS NOT NULL
ORDER BY due_at
LIMIT 1
