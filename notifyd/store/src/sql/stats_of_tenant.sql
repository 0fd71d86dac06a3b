SELECT n.status, n.channel, n.provider, n.priority, n.finished_at - n.created_at, n.service,
       n.failure_reason
FROM notifications n JOIN messages m ON m.seq = n.seq
WHERE n.service = ?3 AND n.created_at >= ?1 AND json_extract(m.body, '$.message.tenant_id') = ?4
ORDER BY n.seq DESC
LIMIT ?2
