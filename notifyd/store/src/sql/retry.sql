-- A fresh budget of retries and a fresh cycle; the schedule of the first sending is over, and so is its expiry when it
-- has passed. An attempt that may have arrived makes this sending a possible second one.
UPDATE notifications
SET status = 'queued', due_at = NULL, finished_at = NULL, failure_reason = NULL, fence = fence + 1, retry_count = 0,
    possible_duplicate = max(
        possible_duplicate, EXISTS (SELECT 1 FROM attempts WHERE seq = ?1 AND status = 'in_doubt')
    ),
    retried = 0, progress = NULL, lane = ?2, expires_at = CASE WHEN expires_at <= ?3 THEN NULL ELSE expires_at END
WHERE seq = ?1
