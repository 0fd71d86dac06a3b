DELETE FROM idempotency WHERE no IN (SELECT no FROM idempotency WHERE at < ?1 ORDER BY no LIMIT ?2)
