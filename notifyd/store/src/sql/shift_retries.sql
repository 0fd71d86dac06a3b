-- Both words of the index, so that it is used.
UPDATE notifications SET due_at = due_at + ?1 WHERE status IN ('pending', 'retrying') AND status = 'retrying'
