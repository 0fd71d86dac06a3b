UPDATE operations SET state = ?2, outcome = ?3, ended_at = ?4, done = ?5, total = ?6 WHERE no = ?1 AND state = 'running'
