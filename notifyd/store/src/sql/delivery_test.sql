INSERT INTO deliveries (id, webhook, n, event, status, attempt, retries, created_at, due_at, since)
VALUES (?1, ?2, 0, ?3, 'pending', 0, 0, ?4, ?4, ?4)
