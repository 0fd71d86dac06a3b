-- What revoke.sql does to one, done to many.
UPDATE notifications SET status = 'cancelled', due_at = NULL, finished_at = ?2, fence = fence + 1
WHERE seq IN (SELECT value FROM json_each(?1))
