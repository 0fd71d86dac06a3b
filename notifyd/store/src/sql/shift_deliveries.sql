UPDATE deliveries SET due_at = due_at + ?1, since = since + ?1 WHERE due_at IS NOT NULL AND status = 'retrying'
