SELECT attempts, retry_count, due_at FROM notifications WHERE seq = ?1
