SELECT event FROM events WHERE seq = ?1 AND n = ?2
