DELETE FROM removed_webhooks WHERE no = ?1
