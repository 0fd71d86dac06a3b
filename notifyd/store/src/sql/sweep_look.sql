SELECT seq, status, finished_at FROM notifications WHERE seq > ?1 AND created_at < ?2 ORDER BY seq LIMIT ?3
