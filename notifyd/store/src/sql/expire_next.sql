SELECT min(expires_at) FROM notifications WHERE expires_at IS NOT NULL AND status IN ('pending', 'queued', 'retrying')
