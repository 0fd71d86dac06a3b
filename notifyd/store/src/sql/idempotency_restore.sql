SELECT no, service, key FROM idempotency
WHERE at >= ?1 AND no > coalesce((SELECT until FROM index_spills WHERE name = 'idempotency'), 0)
ORDER BY no
