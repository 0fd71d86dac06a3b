SELECT d.no, d.due_at, d.id, d.webhook, n.id, d.event, d.tries, d.code, d.error, d.created_at, d.since, d.before
FROM deliveries d LEFT JOIN notifications n ON n.seq = d.seq
WHERE d.status = 'retrying' AND (d.due_at, d.no) > (?1, ?2) AND d.due_at < ?3
ORDER BY d.due_at, d.no
