SELECT no, id, service, url, description, events, profile, max_retries, timeout_s, redact, old_until, active, fault,
       failing_since, revision, client, created_at, updated_at
FROM webhooks ORDER BY no
