-- What is owed to a webhook (?1), what is due first first, up to ?2 of it.
SELECT d.status, d.due_at, d.tries, d.error, n.id
FROM deliveries d INDEXED BY deliveries_owed LEFT JOIN notifications n ON n.seq = d.seq
WHERE d.webhook = ?1 AND d.due_at IS NOT NULL
ORDER BY d.due_at
LIMIT ?2
