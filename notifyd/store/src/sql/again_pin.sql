-- ?1 is a list of [seq, lane], ?2 the provider that alone is to send them.
UPDATE messages
SET body = json_remove(json_set(body, '$.plan.pinned', ?2), '$.plan.allow_failover')
WHERE seq IN (SELECT value ->> 0 FROM json_each(?1))
