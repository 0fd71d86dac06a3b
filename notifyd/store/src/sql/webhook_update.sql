-- Whoever switches it on gives it another chance.
UPDATE webhooks
SET url = ?3, description = ?4, events = ?5, profile = ?6, max_retries = ?7, timeout_s = ?8, redact = ?9,
    private = coalesce(?10, private), active = ?11,
    fault = CASE WHEN ?11 THEN NULL ELSE fault END,
    failing_since = CASE WHEN ?11 AND NOT active THEN NULL ELSE failing_since END,
    client = client + (url <> ?3 OR ?10 IS NOT NULL),
    secret_at = CASE WHEN ?14 THEN ?13 ELSE secret_at END,
    old_until = ?12, revision = revision + 1, updated_at = ?13
WHERE no = ?1 AND revision = ?2
