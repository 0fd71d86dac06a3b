-- The key stood for the content before; nothing equals the changed one any more.
UPDATE messages SET body = ?2, dedup_key = NULL WHERE seq = ?1
