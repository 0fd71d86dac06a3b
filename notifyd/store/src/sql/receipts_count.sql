SELECT count(*) FROM receipts
