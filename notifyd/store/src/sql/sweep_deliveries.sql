SELECT no FROM deliveries WHERE webhook = ?1 LIMIT ?2
