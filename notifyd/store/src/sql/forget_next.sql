SELECT no FROM removed_services WHERE forget = 1 ORDER BY no LIMIT 1
