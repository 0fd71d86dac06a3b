DELETE FROM deliveries WHERE no = ?1
