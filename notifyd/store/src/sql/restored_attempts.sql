-- What was being sent when the copy was made.
UPDATE attempts SET status = 'in_doubt', reason = 'interrupted', finished_at = ?1 WHERE status = 'started'
