SELECT webhook, min(due_at) FROM deliveries WHERE due_at IS NOT NULL AND webhook = (
    SELECT webhook FROM deliveries WHERE due_at IS NOT NULL AND webhook > ?1 ORDER BY webhook LIMIT 1
) HAVING webhook IS NOT NULL
