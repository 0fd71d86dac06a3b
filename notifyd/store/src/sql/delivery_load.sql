SELECT d.no, d.id, d.event, d.n, d.tries, d.before, d.since, d.created_at, d.due_at, d.seq,
       n.id, n.service, n.channel, n.priority, n.created_at, n.scheduled_at, n.max_retries, n.simulated,
       n.possible_duplicate, d.attempt, d.retries, d.next_at, m.body, e.became, e.reason, e.detail,
       a.provider, a.external_id, a.message, a.status
FROM deliveries d
LEFT JOIN notifications n ON n.seq = d.seq
LEFT JOIN messages m ON m.seq = d.seq
LEFT JOIN events e ON e.seq = d.seq AND e.n = d.n
LEFT JOIN attempts a ON a.seq = d.seq AND a.number = d.attempt
WHERE d.webhook = ?1 AND d.due_at <= ?2
ORDER BY d.due_at, d.no
LIMIT ?3
