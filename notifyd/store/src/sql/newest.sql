SELECT max(seq) FROM notifications
