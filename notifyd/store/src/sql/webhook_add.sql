-- Unless the service has as many as it may have.
INSERT INTO webhooks (
    id, service, url, description, events, profile, max_retries, timeout_s, redact, private, active, created_at, updated_at,
    secret_at
)
SELECT ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?12, ?12
WHERE (SELECT count(*) FROM webhooks WHERE service = ?2) < ?13
