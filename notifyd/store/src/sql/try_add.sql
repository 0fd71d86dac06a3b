INSERT INTO tries (delivery, number, at, duration_ms, code, error, body) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)
