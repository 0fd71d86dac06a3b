DELETE FROM notifications WHERE seq = ?1
