INSERT INTO idempotency
    (service, key, request, notification_id, created_at, status, channel, provider_name, duplicate, at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)
