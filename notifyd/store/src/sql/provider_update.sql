UPDATE providers
SET name = ?3, channels = ?4, priority = ?5, rate_per_second = ?6, burst = ?7, max_in_flight = ?8, config = ?9,
    secret = coalesce(?10, secret), revision = revision + 1, client = client + (config <> ?9 OR ?10 IS NOT NULL)
WHERE id = ?1 AND revision = ?2
