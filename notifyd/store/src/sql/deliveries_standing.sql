-- How many of each webhook stand where, but for what was taken: each status from an index of its own. Of a webhook that is
-- removed nothing counts; what is left of it goes bit by bit.
SELECT webhook, status, sum(count) FROM (
    SELECT webhook, 'pending' AS status, count(*) AS count FROM deliveries WHERE due_at IS NOT NULL GROUP BY webhook
    UNION ALL
    SELECT webhook, 'pending', -count(*) FROM deliveries WHERE status = 'retrying' GROUP BY webhook
    UNION ALL
    SELECT webhook, 'retrying', count(*) FROM deliveries WHERE status = 'retrying' GROUP BY webhook
    UNION ALL
    SELECT webhook, 'failed', count(*) FROM deliveries WHERE status = 'failed' GROUP BY webhook
) counted
WHERE EXISTS (SELECT 1 FROM webhooks w WHERE w.no = counted.webhook)
GROUP BY webhook, status
