SELECT number, at, duration_ms, code, error, body FROM tries WHERE delivery = ?1 ORDER BY number
