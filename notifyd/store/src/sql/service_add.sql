INSERT INTO services (no, id, name, description, rate_per_second, created_at)
VALUES (
    1 + max(
        coalesce((SELECT max(no) FROM services), 0), coalesce((SELECT max(no) FROM removed_services), 0)
    ),
    ?1, ?2, ?3, ?4, ?5
)
