SELECT n.seq, n.id, n.service, n.priority, n.retried, n.created_at, n.expires_at, n.fence, n.attempts, n.retry_count,
       n.progress, m.body, coalesce(n.scheduled_at, n.created_at), n.status, n.delivery_proof, n.due_at, a.status,
       a.number, a.channel, a.receipt,
       (SELECT e.reason FROM events e WHERE e.seq = n.seq AND e.event = 'held' ORDER BY e.n DESC LIMIT 1), n.lane
FROM attempts a JOIN notifications n ON n.seq = a.seq JOIN messages m ON m.seq = a.seq
WHERE a.seq = ?1 AND a.number = ?2 AND a.provider = ?3
