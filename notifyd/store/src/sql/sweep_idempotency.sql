DELETE FROM idempotency WHERE at < ?1 AND no IN (SELECT no FROM idempotency ORDER BY no LIMIT ?2)
