SELECT no, id, name, description, active, rate_per_second, created_at FROM services ORDER BY name
