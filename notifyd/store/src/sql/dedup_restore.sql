SELECT entries FROM dedup_log WHERE at >= ?1 ORDER BY first_seq
