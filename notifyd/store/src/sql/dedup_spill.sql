INSERT OR REPLACE INTO dedup_spill (fingerprint, seq) VALUES (?1, ?2)
