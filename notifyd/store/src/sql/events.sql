SELECT at, event, was, became, reason, detail FROM events WHERE seq = ?1 ORDER BY n
