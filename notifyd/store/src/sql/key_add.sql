INSERT INTO service_keys (id, service, prefix, salt, hash, label, created_at, expires_at)
SELECT ?1, no, ?3, ?4, ?5, ?6, ?7, ?8 FROM services WHERE id = ?2
