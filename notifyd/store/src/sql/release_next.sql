SELECT min(due_at) FROM notifications WHERE status IN ('pending', 'retrying')
