UPDATE notifications
SET status = 'failed', failure_reason = 'expired', due_at = NULL, finished_at = ?3, fence = fence + 1
WHERE seq = ?1 AND fence = ?2
