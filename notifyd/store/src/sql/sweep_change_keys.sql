DELETE FROM change_keys WHERE (who, key) IN (SELECT who, key FROM change_keys WHERE at < ?1 ORDER BY at LIMIT ?2)
