SELECT no, id, name FROM removed_providers ORDER BY no
