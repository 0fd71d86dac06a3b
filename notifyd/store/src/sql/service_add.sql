INSERT INTO services (id, name, description, rate_per_second, created_at) VALUES (?1, ?2, ?3, ?4, ?5)
