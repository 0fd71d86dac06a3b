-- Those that a start goes on with.
SELECT no, verb, target, unit, actor, reason, request, upto, cursor, total, done, refused, refusals, state, outcome, started_at,
       ended_at
FROM operations
WHERE state = 'running' AND request IS NOT NULL
ORDER BY no
