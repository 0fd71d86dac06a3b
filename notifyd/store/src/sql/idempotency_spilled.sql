SELECT EXISTS (SELECT 1 FROM idempotency_spill)
