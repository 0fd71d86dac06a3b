INSERT INTO events (seq, n, at, event, was, became, reason)
SELECT seq, fence + 1, ?1, ?2, status, ?3, ?4
FROM notifications
WHERE status IN ('pending', 'queued', 'sending', 'retrying')
