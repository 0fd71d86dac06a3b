SELECT count(*) FROM (SELECT 1 FROM notifications WHERE service = ?1 LIMIT ?2)
