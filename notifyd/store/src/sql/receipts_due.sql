-- Also what is not due for longer than anything is put off: the clock was set back.
SELECT no, provider, external_id, notification, attempt, says, reason, at
FROM receipts
WHERE look_at <= ?1 OR look_at > ?2
ORDER BY look_at
LIMIT ?3
