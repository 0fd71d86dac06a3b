UPDATE services SET description = ?2, rate_per_second = ?3 WHERE id = ?1
