SELECT min(look_at) FROM receipts
