UPDATE notifications
SET status = 'sending', fence = fence + 1, run = ?3, attempts = ?4, provider = ?5, channel_used = ?6
WHERE seq = ?1 AND status = 'queued' AND fence = ?2
