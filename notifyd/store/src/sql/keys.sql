SELECT k.id, k.prefix, k.label, k.created_at, k.last_used_at, k.expires_at, k.revoked_at, k.hash
FROM service_keys k JOIN services s ON s.no = k.service
WHERE s.id = ?1
ORDER BY k.no
