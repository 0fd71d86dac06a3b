-- With a webhook went what was owed to it.
SELECT no, webhook, due_at IS NOT NULL AND EXISTS (SELECT 1 FROM webhooks w WHERE w.no = deliveries.webhook)
FROM deliveries WHERE seq = ?1
