INSERT INTO removed_providers (no, id, name, removed_at)
SELECT no, id, name, ?2 FROM providers WHERE id = ?1
RETURNING name
