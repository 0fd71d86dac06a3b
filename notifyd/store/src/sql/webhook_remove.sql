DELETE FROM webhooks WHERE no = ?1
