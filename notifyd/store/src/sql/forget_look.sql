SELECT seq, status FROM notifications WHERE service = ?1 ORDER BY seq LIMIT ?2
