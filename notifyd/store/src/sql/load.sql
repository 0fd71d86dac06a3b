SELECT n.seq, n.id, n.service, n.priority, n.retried, n.created_at, n.expires_at, n.fence, n.attempts, n.retry_count,
       n.progress, m.body, coalesce(
           CASE WHEN n.fence > 1 THEN (
               SELECT e.at FROM events e WHERE e.seq = n.seq AND e.became = 'queued' AND e.was <> 'queued' ORDER BY e.n DESC LIMIT 1
           ) END, n.scheduled_at, n.created_at),
       -- Only what was touched since its acceptance can have been held.
       CASE WHEN n.fence > 1 THEN (
           SELECT e.event = 'held' FROM events e WHERE e.seq = n.seq ORDER BY e.n DESC LIMIT 1
       ) END
FROM notifications n JOIN messages m ON m.seq = n.seq
WHERE n.status = 'queued' AND n.lane = ?1 AND n.priority = ?2 AND n.retried = ?3 AND n.service = ?4 AND n.seq > ?5
ORDER BY n.seq
LIMIT ?6
