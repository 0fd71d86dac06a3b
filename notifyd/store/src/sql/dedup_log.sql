INSERT INTO dedup_log (first_seq, at, entries) VALUES (?1, ?2, ?3)
