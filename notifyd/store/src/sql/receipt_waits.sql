SELECT 1 FROM receipts WHERE no = ?1
