-- Rows below the oldest that is remembered; none is remembered when the table is empty.
DELETE FROM idempotency_spill
WHERE fingerprint > ?1 AND fingerprint <= ?2 AND seq < coalesce((SELECT min(no) FROM idempotency), 9223372036854775807)
