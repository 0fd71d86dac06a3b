INSERT INTO deliveries (id, webhook, seq, n, event, status, attempt, retries, next_at, created_at, due_at, since)
VALUES (?1, ?2, ?3, ?4, ?5, 'pending', ?6, ?7, ?8, ?9, ?9, ?9)
