DELETE FROM receipts WHERE no IN (SELECT no FROM receipts ORDER BY no LIMIT ?2) AND at < ?1
