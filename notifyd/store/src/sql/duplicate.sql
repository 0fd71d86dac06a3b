-- A failed or cancelled original releases the key.
SELECT n.id, n.created_at, n.status, n.channel
FROM messages m JOIN notifications n ON n.seq = m.seq
WHERE m.seq = ?1 AND m.dedup_key = ?2 AND n.created_at > ?3 AND n.status NOT IN ('failed', 'cancelled')
