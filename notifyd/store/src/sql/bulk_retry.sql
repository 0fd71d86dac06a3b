-- What retry.sql does to one, done to many: ?1 is a list of [seq, lane].
UPDATE notifications
SET status = 'queued', due_at = NULL, finished_at = NULL, failure_reason = NULL, fence = fence + 1, retry_count = 0,
    possible_duplicate = max(
        possible_duplicate,
        EXISTS (SELECT 1 FROM attempts WHERE attempts.seq = notifications.seq AND attempts.status = 'in_doubt')
    ),
    retried = 0, progress = NULL, lane = it.lane,
    expires_at = CASE WHEN expires_at <= ?2 THEN NULL ELSE expires_at END
FROM (SELECT value ->> 0 AS seq, value ->> 1 AS lane FROM json_each(?1)) AS it
WHERE notifications.seq = it.seq
