INSERT INTO attempts (seq, number, channel, provider, status, reason, started_at, finished_at)
VALUES (?1, ?2, ?3, ?4, 'skipped', ?5, ?6, ?6)
