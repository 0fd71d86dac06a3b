-- The index of what is owed to one has all that is asked for.
SELECT webhook, due_at FROM deliveries WHERE webhook = ?1 AND due_at IS NOT NULL
ORDER BY due_at
LIMIT ?2
