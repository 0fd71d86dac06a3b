-- What was under way when the daemon ended and cannot go on: all of it in a log that was restored, else what has no request.
UPDATE operations SET state = 'failed', outcome = ?2, ended_at = ?3
WHERE state = 'running' AND (?1 OR request IS NULL)
