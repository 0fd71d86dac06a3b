SELECT seq FROM notifications WHERE service = ?1 AND seq < ?2 ORDER BY seq DESC LIMIT 1 OFFSET ?3
