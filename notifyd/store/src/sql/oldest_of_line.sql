SELECT created_at FROM notifications
WHERE status = 'queued' AND lane = ?1 AND priority = ?2 AND retried = ?3 AND service = ?4
ORDER BY seq
LIMIT 1
