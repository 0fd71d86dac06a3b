SELECT status, channel, provider, priority, finished_at - created_at, service, failure_reason
FROM notifications
WHERE service = ?3 AND created_at >= ?1
ORDER BY seq DESC
LIMIT ?2
