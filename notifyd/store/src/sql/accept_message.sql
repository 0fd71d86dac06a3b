INSERT INTO messages (seq, dedup_key, body) VALUES (?1, ?2, ?3)
