SELECT count(*) FROM notifications WHERE status = ?1 AND finished_at < ?2
