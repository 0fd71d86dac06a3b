-- Held without a time. It may have been sent after the copy was made, so sending it now may be a second time.
UPDATE notifications
SET status = ?1, due_at = NULL, run = NULL, fence = fence + 1, possible_duplicate = 1
WHERE status IN ('pending', 'queued', 'sending', 'retrying')
