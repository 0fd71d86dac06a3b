DELETE FROM services WHERE no = ?1
