-- In the order of the index of the queue, which has all that is asked for.
SELECT lane, service, count(*) FROM notifications WHERE status = 'queued' GROUP BY lane, priority, retried, service
