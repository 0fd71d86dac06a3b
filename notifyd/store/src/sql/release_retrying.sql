-- While what was accepted for later is paused.
SELECT seq, id, service, status, fence, lane, priority, retry_count FROM notifications
INDEXED BY notifications_retrying
WHERE status = 'retrying' AND due_at <= ?1
ORDER BY due_at
LIMIT ?2
