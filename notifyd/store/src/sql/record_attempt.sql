UPDATE attempts
SET status = ?3, reason = ?4, finished_at = ?5, external_id = ?6, message = ?7, simulated = ?8,
    receipt = ?9
WHERE seq = ?1 AND number = ?2
