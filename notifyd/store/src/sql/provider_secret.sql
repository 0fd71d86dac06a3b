SELECT secret FROM providers WHERE id = ?1
