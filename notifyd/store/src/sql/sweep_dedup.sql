DELETE FROM dedup_log WHERE first_seq IN (SELECT first_seq FROM dedup_log WHERE at < ?1 ORDER BY first_seq LIMIT ?2)
