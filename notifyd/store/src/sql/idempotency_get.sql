SELECT request, notification_id, created_at, status, channel, provider_name, duplicate
FROM idempotency
WHERE no = ?1 AND service = ?2 AND key = ?3 AND at > ?4
