INSERT OR REPLACE INTO holds (queue, kind, reason, actor, made_at, until)
VALUES (?1, ?2, ?3, ?4, ?5, ?6)
RETURNING no
