SELECT webhook, count(*) FROM deliveries WHERE due_at IS NOT NULL GROUP BY webhook
