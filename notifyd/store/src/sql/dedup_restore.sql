SELECT entries FROM dedup_log
WHERE at >= ?1 AND first_seq > coalesce((SELECT until FROM index_spills WHERE name = 'dedup'), 0)
ORDER BY first_seq
