SELECT at, verb, target FROM change_keys WHERE who = ?1 AND key = ?2 AND at >= ?3
