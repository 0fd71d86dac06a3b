SELECT seq, service, fence, priority, lane, retry_count, status, due_at, expires_at, failure_reason
FROM notifications
WHERE id = ?1
