SELECT no, id, name, kind, channels, priority, active, simulated, rate_per_second, burst, max_in_flight, config,
       revision, client, created_at
FROM providers
ORDER BY priority, id
