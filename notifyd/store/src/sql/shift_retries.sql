UPDATE notifications SET due_at = due_at + ?1 WHERE status = 'retrying'
