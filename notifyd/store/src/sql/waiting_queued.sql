-- Since when each is due: what never moved since its acceptance, since then; all else since it last came to the queue
-- from where it waited or had ended.
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
    n.lane, n.service, n.seq
FROM notifications n
WHERE n.status = 'queued'
LIMIT ?1
