SELECT m.body, n.progress FROM messages m JOIN notifications n ON n.seq = m.seq WHERE m.seq = ?1
