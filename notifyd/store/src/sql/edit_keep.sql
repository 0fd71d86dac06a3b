UPDATE notifications SET priority = ?2, lane = ?3, fence = fence + 1 WHERE seq = ?1 RETURNING retried
