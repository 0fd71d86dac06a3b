SELECT seq, service, status, fence, priority, due_at, expires_at, failure_reason, lane, retry_count
FROM notifications
WHERE id = ?1
