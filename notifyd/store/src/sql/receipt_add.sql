INSERT INTO receipts (provider, external_id, notification, attempt, says, reason, at, look_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?7)
ON CONFLICT DO NOTHING
