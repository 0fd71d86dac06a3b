SELECT n.seq, n.id, n.service, n.priority, n.retried, n.created_at, n.expires_at, n.fence, n.attempts, n.retry_count,
       n.progress, m.body, coalesce(
           CASE WHEN n.fence > 1 THEN (
               SELECT e.at FROM events e WHERE e.seq = n.seq AND e.became = 'queued' AND e.was <> 'queued' ORDER BY e.n DESC LIMIT 1
           ) END, n.scheduled_at, n.created_at)
FROM notifications n JOIN messages m ON m.seq = n.seq
WHERE n.id = ?1
