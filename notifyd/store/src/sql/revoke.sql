UPDATE notifications SET status = 'cancelled', due_at = NULL, finished_at = ?2, fence = fence + 1 WHERE seq = ?1
