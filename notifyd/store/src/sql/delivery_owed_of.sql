SELECT count(*), min(created_at) FROM deliveries WHERE webhook = ?1 AND due_at IS NOT NULL
