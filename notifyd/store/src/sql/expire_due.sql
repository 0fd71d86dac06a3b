SELECT seq, id, service, status, fence, lane, priority, retry_count FROM notifications
WHERE expires_at IS NOT NULL AND (status = 'queued' OR status = 'pending' OR status = 'retrying') AND expires_at <= ?1
ORDER BY expires_at
LIMIT ?2
