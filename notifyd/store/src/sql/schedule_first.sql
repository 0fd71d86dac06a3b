-- How many wait for a time from ?1 on, up to ?2 of them; from the index alone.
SELECT count(*) FROM (
    SELECT 1 FROM notifications INDEXED BY notifications_due
    WHERE status IN ('pending', 'retrying') AND due_at >= ?1
    LIMIT ?2
)
