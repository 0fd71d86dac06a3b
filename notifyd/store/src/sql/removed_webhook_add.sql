INSERT INTO removed_webhooks (no) VALUES (?1)
