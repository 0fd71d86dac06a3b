SELECT created_at FROM notifications ORDER BY seq DESC LIMIT 1
