SELECT no FROM webhooks WHERE service = ?1
