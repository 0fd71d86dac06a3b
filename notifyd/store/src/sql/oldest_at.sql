SELECT created_at FROM notifications ORDER BY seq LIMIT 1
