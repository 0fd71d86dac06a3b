-- The lowest number of the next dead letters below ?1, and how many they are. The first condition is the one of the index.
SELECT min(seq), count(*) FROM (
    SELECT seq FROM notifications
    WHERE status IN ('failed', 'cancelled') AND status = 'failed' AND seq < ?1
    ORDER BY seq DESC
    LIMIT ?2
)
