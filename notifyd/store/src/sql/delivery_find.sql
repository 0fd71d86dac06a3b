SELECT no, webhook, due_at IS NOT NULL FROM deliveries WHERE id = ?1
