-- What waits for an operator: pending without a time. Counted up to a bound, as it is asked for every few seconds.
SELECT count(*) FROM (SELECT 1 FROM notifications WHERE status = 'pending' AND due_at IS NULL LIMIT 10001)
