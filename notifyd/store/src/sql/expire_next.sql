SELECT min(expires_at) FROM notifications WHERE expires_at IS NOT NULL AND (status = 'queued' OR status = 'pending' OR status = 'retrying')
