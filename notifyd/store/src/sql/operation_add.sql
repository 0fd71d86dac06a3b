INSERT INTO operations (verb, target, unit, actor, reason, request, upto, total, started_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)
