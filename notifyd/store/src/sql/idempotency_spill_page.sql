SELECT max(fingerprint)
FROM (SELECT fingerprint FROM idempotency_spill WHERE fingerprint > ?1 ORDER BY fingerprint LIMIT ?2)
