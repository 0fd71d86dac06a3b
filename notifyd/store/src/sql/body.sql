SELECT body FROM messages WHERE seq = ?1
