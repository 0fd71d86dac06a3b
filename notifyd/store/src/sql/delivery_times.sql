-- The newest first, when there are more than are looked at.
SELECT acked_at - since FROM deliveries WHERE webhook = ?1 AND created_at >= ?2 AND acked_at IS NOT NULL
ORDER BY no DESC LIMIT ?3
