INSERT OR REPLACE INTO holds (provider, kind, max_in_flight, reason, actor, made_at, until)
SELECT no, ?2, ?3, ?4, ?5, ?6, ?7 FROM providers WHERE id = ?1
RETURNING no
