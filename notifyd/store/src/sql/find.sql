SELECT seq, service, status, fence, priority, due_at FROM notifications WHERE id = ?1
