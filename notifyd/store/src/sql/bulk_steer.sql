-- What steer.sql does to one, done to many: ?1 is a list of numbers.
UPDATE notifications
SET status = ?2, due_at = ?3, scheduled_at = CASE WHEN ?2 = 'pending' THEN ?3 ELSE scheduled_at END,
    retried = CASE WHEN ?2 = 'queued' THEN retry_count > 0 ELSE retried END, finished_at = ?4, failure_reason = ?5,
    fence = fence + 1
WHERE seq IN (SELECT value FROM json_each(?1))
