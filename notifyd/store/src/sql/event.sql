INSERT INTO events (seq, n, at, event, was, became, reason, detail) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)
