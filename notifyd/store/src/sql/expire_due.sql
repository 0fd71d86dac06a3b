SELECT seq, id, service, status, fence, lane, priority, retry_count FROM notifications
WHERE expires_at IS NOT NULL AND status IN ('pending', 'queued', 'retrying') AND expires_at <= ?1
ORDER BY expires_at
LIMIT ?2
