DELETE FROM tries WHERE delivery = ?1
