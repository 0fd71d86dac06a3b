-- A fresh budget of retries and a fresh cycle; the schedule of the first sending is over, and so is its expiry when it
-- has passed.
UPDATE notifications
SET status = 'queued', due_at = NULL, finished_at = NULL, failure_reason = NULL, fence = fence + 1, retry_count = 0,
    retried = 0, progress = NULL, lane = ?2, expires_at = CASE WHEN expires_at <= ?3 THEN NULL ELSE expires_at END
WHERE seq = ?1
