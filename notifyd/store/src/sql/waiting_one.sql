SELECT
    CASE WHEN n.fence = 1 THEN n.created_at ELSE coalesce(
        (
            SELECT e.at FROM events e
            WHERE e.seq = n.seq AND e.became = 'queued'
                AND (e.was IS NULL OR (e.was <> 'queued' AND e.was <> 'sending'))
            ORDER BY e.n DESC LIMIT 1
        ),
        n.created_at
    ) END,
    n.lane, n.service
FROM notifications n
WHERE n.seq = ?1 AND n.status = 'queued'
