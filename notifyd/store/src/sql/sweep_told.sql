-- With a webhook went what was owed to it.
SELECT no, webhook, status, EXISTS (SELECT 1 FROM webhooks w WHERE w.no = deliveries.webhook)
FROM deliveries WHERE seq = ?1
