-- Newest first; whether one is wanted is asked of its message only when its time is.
SELECT d.created_at, d.status, d.acked_at - d.since,
       d.created_at >= ?3 AND (?4 IS NULL OR EXISTS (
           SELECT 1 FROM messages m WHERE m.seq = d.seq AND json_extract(m.body, '$.message.tenant_id') = ?4
       ))
FROM deliveries d
WHERE d.webhook = ?1
ORDER BY d.no DESC
LIMIT ?2
