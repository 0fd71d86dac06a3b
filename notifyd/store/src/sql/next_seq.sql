SELECT max(coalesce((SELECT max(seq) FROM notifications), 0), coalesce((SELECT max(first_seq) FROM dedup_log), 0)) + 1
