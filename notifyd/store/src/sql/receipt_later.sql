UPDATE receipts SET look_at = ?2 WHERE no = ?1
