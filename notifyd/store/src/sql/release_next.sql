SELECT due_at FROM notifications
WHERE status IN ('pending', 'retrying') AND status IN (?2, ?3) AND due_at > ?1
ORDER BY due_at
LIMIT 1
