DELETE FROM receipts WHERE no = ?1
