SELECT seq, id, service, status, fence, lane, priority, retry_count FROM notifications
WHERE status IN ('pending', 'retrying') AND status IN (?3, ?4) AND due_at <= ?1
ORDER BY due_at
LIMIT ?2
