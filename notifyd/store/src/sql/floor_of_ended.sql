-- The first condition is the one of the index.
SELECT seq FROM notifications
WHERE status IN ('failed', 'cancelled') AND status = ?1 AND seq < ?2
ORDER BY seq DESC
LIMIT 1 OFFSET ?3
