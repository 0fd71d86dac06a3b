SELECT no, webhook, status FROM deliveries WHERE id = ?1
