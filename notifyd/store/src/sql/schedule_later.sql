-- What waits for a moment between two, soonest first.
SELECT seq, due_at FROM notifications INDEXED BY notifications_due
WHERE status IN ('pending', 'retrying') AND due_at > ?1 AND due_at < ?2
ORDER BY due_at, seq
