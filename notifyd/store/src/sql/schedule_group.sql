-- What is due first from ?1 on, up to ?2 of it, from the index; then their rows. The filter follows.
SELECT n.status, n.due_at, n.attempts, n.provider, n.service, n.channel, n.error, n.id
FROM (
    SELECT seq FROM notifications INDEXED BY notifications_due
    WHERE status IN ('pending', 'retrying') AND due_at >= ?1
    ORDER BY due_at
    LIMIT ?2
) AS waiting
CROSS JOIN notifications n ON n.seq = waiting.seq
