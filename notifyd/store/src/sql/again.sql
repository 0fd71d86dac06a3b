-- ?1 is a list of [seq, lane]. A fresh budget (?4) counts retries from none; a fresh cycle (?5) asks everybody again, and
-- makes this sending a possible second one where an attempt may have arrived. An expiry that has passed is over.
UPDATE notifications
SET status = ?2, due_at = ?3, scheduled_at = CASE WHEN ?2 = 'pending' THEN ?3 ELSE scheduled_at END,
    finished_at = NULL, failure_reason = NULL, fence = fence + 1,
    retry_count = CASE WHEN ?4 THEN 0 ELSE retry_count END,
    retried = CASE WHEN ?4 THEN 0 WHEN ?2 = 'queued' THEN retry_count > 0 ELSE retried END,
    possible_duplicate = max(
        possible_duplicate,
        ?5 AND EXISTS (SELECT 1 FROM attempts WHERE attempts.seq = notifications.seq AND attempts.status = 'in_doubt')
    ),
    progress = CASE WHEN ?5 THEN NULL ELSE progress END, lane = it.lane,
    expires_at = CASE WHEN expires_at <= ?6 THEN NULL ELSE expires_at END
FROM (SELECT value ->> 0 AS seq, value ->> 1 AS lane FROM json_each(?1)) AS it
WHERE notifications.seq = it.seq
