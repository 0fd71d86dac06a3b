UPDATE attempts SET status = ?3, receipt = ?4 WHERE seq = ?1 AND number = ?2
