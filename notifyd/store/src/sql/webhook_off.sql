UPDATE webhooks SET active = 0, fault = ?2, revision = revision + 1, updated_at = ?3
WHERE no = ?1 AND active
RETURNING id
