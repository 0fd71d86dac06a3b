-- What is scheduled anew is not to be sent before that; a try that has a time of its own keeps what was asked for.
UPDATE notifications
SET status = ?4, due_at = ?5, scheduled_at = CASE WHEN ?4 = 'pending' THEN ?5 ELSE scheduled_at END,
    retried = CASE WHEN ?4 = 'queued' THEN retry_count > 0 ELSE retried END, finished_at = ?6, failure_reason = ?7,
    fence = fence + 1
WHERE seq = ?1 AND status = ?3 AND fence = ?2
