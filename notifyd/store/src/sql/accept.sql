INSERT INTO notifications
    (seq, id, service, status, priority, channel, lane, created_at, due_at, scheduled_at, expires_at, max_retries)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?9, ?10, ?11)
