SELECT no, verb, target, unit, actor, reason, request, upto, cursor, total, done, refused, refusals, state, outcome, started_at,
       ended_at
FROM operations
ORDER BY no DESC
LIMIT ?1
