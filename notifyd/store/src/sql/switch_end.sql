DELETE FROM holds WHERE provider = (SELECT no FROM providers WHERE id = ?1) AND kind IN ('disabled', 'enabled')
