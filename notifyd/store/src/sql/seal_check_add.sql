INSERT INTO seal_check (no, sealed) VALUES (1, ?1)
