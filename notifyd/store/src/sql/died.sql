-- The next dead letters below ?1, the newest first. The first condition is the one of the index.
SELECT seq, finished_at, service, provider, channel_used, failure_reason, error
FROM notifications
WHERE status IN ('failed', 'cancelled') AND status = 'failed' AND seq < ?1
ORDER BY seq DESC
LIMIT ?2
