SELECT status, code, count(*) FROM deliveries WHERE webhook = ?1 AND created_at >= ?2 GROUP BY status, code
