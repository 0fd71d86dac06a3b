INSERT INTO index_spills (name, until) VALUES (?1, ?2) ON CONFLICT (name) DO UPDATE SET until = excluded.until
