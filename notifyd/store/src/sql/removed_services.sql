SELECT no, id, name FROM removed_services ORDER BY no
