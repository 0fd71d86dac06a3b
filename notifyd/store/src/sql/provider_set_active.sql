UPDATE providers SET active = ?2 WHERE id = ?1 RETURNING name
