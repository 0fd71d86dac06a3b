-- One seek for each way a line can follow another. Compared as one row, SQLite starts at the line itself and walks all
-- that is queued in it.
SELECT * FROM (
    SELECT lane, priority, retried, service FROM notifications
    WHERE status = 'queued' AND lane = ?1 AND priority = ?2 AND retried = ?3 AND service > ?4
    ORDER BY service
    LIMIT 1
)
UNION ALL
SELECT * FROM (
    SELECT lane, priority, retried, service FROM notifications
    WHERE status = 'queued' AND lane = ?1 AND priority = ?2 AND retried > ?3
    ORDER BY retried, service
    LIMIT 1
)
UNION ALL
SELECT * FROM (
    SELECT lane, priority, retried, service FROM notifications
    WHERE status = 'queued' AND lane = ?1 AND priority > ?2
    ORDER BY priority, retried, service
    LIMIT 1
)
UNION ALL
SELECT * FROM (
    SELECT lane, priority, retried, service FROM notifications
    WHERE status = 'queued' AND lane > ?1
    ORDER BY lane, priority, retried, service
    LIMIT 1
)
LIMIT 1
