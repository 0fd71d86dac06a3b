INSERT INTO providers
    (no, id, name, kind, channels, priority, simulated, rate_per_second, burst, max_in_flight, config, secret, created_at)
VALUES (
    1 + max(
        coalesce((SELECT max(no) FROM providers), 0), coalesce((SELECT max(no) FROM removed_providers), 0)
    ),
    ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12
)
