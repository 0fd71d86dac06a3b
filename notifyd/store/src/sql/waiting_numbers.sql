-- The index of the queue has all that is asked for.
SELECT seq, lane, service, seq FROM notifications WHERE status = 'queued' AND lane > '' LIMIT ?1
