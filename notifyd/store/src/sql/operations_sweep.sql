DELETE FROM operations WHERE ended_at < ?1
