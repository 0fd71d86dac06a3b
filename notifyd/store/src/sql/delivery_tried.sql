-- What it returns says whether it was told before, since it was owed or asked for once more.
UPDATE deliveries
SET status = ?3, tries = ?2, due_at = ?4, last_at = ?5, acked_at = ?6, code = ?7, error = ?8
WHERE no = ?1 AND tries = ?2 - 1 AND due_at IS NOT NULL
RETURNING before < ?2 - 1
