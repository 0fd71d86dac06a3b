INSERT OR REPLACE INTO idempotency_spill (fingerprint, seq) VALUES (?1, ?2)
