INSERT INTO audit (at, actor, verb, target, reason) VALUES (?1, ?2, ?3, ?4, ?5)
