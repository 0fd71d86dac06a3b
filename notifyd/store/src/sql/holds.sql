SELECT h.no, p.id, h.queue, h.kind, h.max_in_flight, h.reason, h.actor, h.made_at, h.until
FROM holds h LEFT JOIN providers p ON p.no = h.provider
ORDER BY h.no
