UPDATE removed_services SET forget = 0 WHERE no = ?1
