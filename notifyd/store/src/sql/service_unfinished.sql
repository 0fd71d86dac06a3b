-- What of a service has not come to its end, up to a limit; read from the indexes that hold nothing else.
SELECT count(*) FROM (
    SELECT 1 FROM notifications INDEXED BY notifications_queued WHERE status = 'queued' AND service = ?1
    UNION ALL
    SELECT 1 FROM notifications INDEXED BY notifications_due
    WHERE status IN ('pending', 'retrying') AND service = ?1
    UNION ALL
    SELECT 1 FROM notifications INDEXED BY notifications_sending WHERE status = 'sending' AND service = ?1
    LIMIT ?2
)
