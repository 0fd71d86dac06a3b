SELECT seq, created_at FROM notifications WHERE seq >= ?1 ORDER BY seq LIMIT 1
