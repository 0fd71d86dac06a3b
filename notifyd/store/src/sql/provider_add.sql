INSERT INTO providers
    (id, name, kind, channels, priority, simulated, rate_per_second, burst, max_in_flight, config, secret, created_at)
VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)
