-- Rows below the oldest that is remembered; none is remembered when the table is empty.
DELETE FROM dedup_spill
WHERE fingerprint > ?1 AND fingerprint <= ?2 AND seq < coalesce((SELECT min(first_seq) FROM dedup_log), 9223372036854775807)
