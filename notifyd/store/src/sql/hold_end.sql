DELETE FROM holds WHERE no = ?1
