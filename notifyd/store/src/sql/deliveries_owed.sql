-- Nothing is owed to a webhook that is removed; what is left of it goes bit by bit.
SELECT webhook, count(*) FROM deliveries WHERE due_at IS NOT NULL
GROUP BY webhook
HAVING EXISTS (SELECT 1 FROM webhooks w WHERE w.no = deliveries.webhook)
