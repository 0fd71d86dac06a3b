SELECT status FROM deliveries WHERE no = ?1 AND webhook = ?2
