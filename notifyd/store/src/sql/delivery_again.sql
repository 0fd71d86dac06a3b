UPDATE deliveries SET status = 'pending', due_at = ?2, before = tries, since = ?2, acked_at = NULL WHERE no = ?1
