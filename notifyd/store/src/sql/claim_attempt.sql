INSERT INTO attempts (seq, number, channel, provider, status, started_at) VALUES (?1, ?2, ?3, ?4, 'started', ?5)
