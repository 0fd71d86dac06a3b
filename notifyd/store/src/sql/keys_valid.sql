SELECT service, id, salt, hash, expires_at FROM service_keys WHERE revoked_at IS NULL ORDER BY no
