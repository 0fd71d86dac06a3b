-- What an earlier attempt brought about is told of that attempt: `?10` is its number then.
UPDATE notifications
SET status = ?4, fence = fence + 1, due_at = NULL, delivery_proof = ?5, failure_reason = ?6,
    finished_at = CASE WHEN ?3 = ?4 THEN finished_at ELSE ?7 END, progress = ?8, error = coalesce(?9, error),
    provider = coalesce((SELECT a.provider FROM attempts a WHERE a.seq = ?1 AND a.number = ?10), provider),
    channel_used = coalesce((SELECT a.channel FROM attempts a WHERE a.seq = ?1 AND a.number = ?10), channel_used)
WHERE seq = ?1 AND status = ?3 AND fence = ?2
