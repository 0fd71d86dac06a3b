SELECT no, webhook, due_at IS NOT NULL FROM deliveries WHERE seq = ?1
