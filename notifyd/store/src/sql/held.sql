-- What waits for an operator: pending without a time; the others of the index always have one. Counted up to a bound, as it
-- is asked for with every look at the daemon.
SELECT count(*) FROM (
    SELECT 1 FROM notifications WHERE status IN ('pending', 'retrying') AND due_at IS NULL LIMIT 10001
)
