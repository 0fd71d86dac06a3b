SELECT number, channel, provider, status, reason, started_at, finished_at, external_id, message, simulated,
       receipt
FROM attempts
WHERE seq = ?1
ORDER BY number
