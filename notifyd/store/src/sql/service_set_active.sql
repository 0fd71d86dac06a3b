UPDATE services SET active = ?2 WHERE id = ?1 RETURNING name
