SELECT lane, priority, retried, service FROM notifications
WHERE status = 'queued' AND (lane, priority, retried, service) > (?1, ?2, ?3, ?4)
ORDER BY lane, priority, retried, service
LIMIT 1
