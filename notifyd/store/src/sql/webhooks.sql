SELECT no, id, service, url, description, events, profile, max_retries, timeout_s, redact, old_until, active, fault,
       failing_since, revision, client, created_at, updated_at, secret_at
FROM webhooks
WHERE no BETWEEN ?1 AND ?2
ORDER BY no
