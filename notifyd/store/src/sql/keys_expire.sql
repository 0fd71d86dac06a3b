-- Only ever sooner: a key that runs out before stays so.
UPDATE service_keys
SET expires_at = min(coalesce(expires_at, ?2), ?2)
WHERE service = (SELECT no FROM services WHERE id = ?1) AND revoked_at IS NULL AND coalesce(expires_at, ?3 + 1) > ?3
