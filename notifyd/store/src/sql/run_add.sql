INSERT INTO runs (started_at) VALUES (?1)
