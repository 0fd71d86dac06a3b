SELECT n.seq, n.id, n.service, n.priority, n.retried, n.created_at, n.expires_at, n.fence, n.attempts, n.retry_count,
       n.progress, m.body, coalesce(n.scheduled_at, n.created_at), n.provider, n.channel_used
FROM notifications n INDEXED BY notifications_sending JOIN messages m ON m.seq = n.seq
WHERE n.status = 'sending' AND n.run <> ?1 AND n.seq > ?2
ORDER BY n.seq
LIMIT ?3
