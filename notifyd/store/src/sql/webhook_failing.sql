UPDATE webhooks SET failing_since = ?2 WHERE no = ?1 AND (failing_since IS NULL) <> (?2 IS NULL)
