SELECT n.seq, n.id, n.service, n.priority, n.retried, n.created_at, n.expires_at, n.fence, n.attempts, n.retry_count,
       n.progress, m.body, coalesce(n.scheduled_at, n.created_at)
FROM notifications n JOIN messages m ON m.seq = n.seq
WHERE n.id = ?1
