-- What made a change first is what its key stands for, until it is forgotten.
INSERT INTO change_keys (who, key, at, verb, target) VALUES (?1, ?2, ?3, ?4, ?5)
ON CONFLICT (who, key) DO UPDATE SET at = excluded.at, verb = excluded.verb, target = excluded.target
    WHERE change_keys.at < ?6
