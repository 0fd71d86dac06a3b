SELECT no, service, key FROM idempotency WHERE at >= ?1 ORDER BY no
