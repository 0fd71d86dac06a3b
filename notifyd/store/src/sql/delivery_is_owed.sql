SELECT due_at IS NOT NULL FROM deliveries WHERE no = ?1 AND webhook = ?2
