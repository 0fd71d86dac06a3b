UPDATE messages SET body = ?2 WHERE seq = ?1
