UPDATE notifications SET status = 'queued', due_at = NULL, fence = fence + 1, retried = ?3 WHERE seq = ?1 AND fence = ?2
