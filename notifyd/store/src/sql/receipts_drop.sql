-- The oldest that were looked at in vain.
DELETE FROM receipts WHERE no IN (SELECT no FROM receipts WHERE look_at > at ORDER BY no LIMIT ?1)
