SELECT seq FROM idempotency_spill WHERE fingerprint = ?1
