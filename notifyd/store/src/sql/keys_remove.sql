DELETE FROM service_keys WHERE service = ?1
