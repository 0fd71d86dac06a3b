UPDATE operations SET cursor = ?2, done = ?3, refused = ?4, refusals = ?5, state = ?6, ended_at = ?7 WHERE no = ?1
