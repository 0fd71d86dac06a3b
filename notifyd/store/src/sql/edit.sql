UPDATE notifications
SET status = ?2, due_at = ?3, scheduled_at = ?3, priority = ?4, lane = ?5, retried = 0, progress = NULL,
    fence = fence + 1
WHERE seq = ?1
