-- What webhooks did not take and are told no more: how much that is of each is counted at start.
CREATE INDEX deliveries_failed ON deliveries (webhook) WHERE status = 'failed';
-- When the secret was set; null when that was before it was noted.
ALTER TABLE webhooks ADD COLUMN secret_at INTEGER;
