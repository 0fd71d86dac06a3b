-- The index has all that is asked for.
SELECT webhook, due_at FROM deliveries WHERE status = 'retrying'
ORDER BY due_at
LIMIT ?1
