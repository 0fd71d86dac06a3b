DELETE FROM dedup_log
WHERE at < ?1 AND first_seq IN (SELECT first_seq FROM dedup_log ORDER BY first_seq LIMIT ?2)
