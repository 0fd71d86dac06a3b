SELECT private FROM webhooks WHERE no = ?1
