INSERT INTO removed_services (no, id, name, forget, removed_at)
SELECT no, id, name, ?2, ?3 FROM services WHERE id = ?1
RETURNING no, name
