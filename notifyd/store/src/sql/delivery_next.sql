SELECT min(due_at) FROM deliveries WHERE webhook = ?1 AND due_at > ?2
