UPDATE notifications SET fence = fence + 1, progress = ?4 WHERE seq = ?1 AND status = ?3 AND fence = ?2
