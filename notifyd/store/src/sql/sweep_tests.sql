SELECT no FROM deliveries WHERE seq IS NULL AND created_at < ?1 LIMIT ?2
