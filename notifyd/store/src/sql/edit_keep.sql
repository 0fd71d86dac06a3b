UPDATE notifications SET priority = ?2, fence = fence + 1 WHERE seq = ?1 RETURNING lane, retried
