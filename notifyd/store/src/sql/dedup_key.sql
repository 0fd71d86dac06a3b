SELECT m.dedup_key FROM notifications n JOIN messages m ON m.seq = n.seq WHERE n.id = ?1
