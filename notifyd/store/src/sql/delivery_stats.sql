SELECT status, code, count(*), event, max(last_at) FROM deliveries WHERE webhook = ?1 AND created_at >= ?2
GROUP BY event, status, code
