INSERT INTO deliveries (id, webhook, seq, n, event, status, attempt, retries, next_at, created_at, due_at, since)
SELECT ?1, ?2, ?3, ?4, ?5, 'pending', attempts, retry_count, due_at, ?6, ?6, ?6 FROM notifications WHERE seq = ?3
