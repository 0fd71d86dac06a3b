SELECT no FROM removed_webhooks ORDER BY no LIMIT 1
