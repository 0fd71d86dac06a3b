-- Newest first, from below ?1 down to ?2.
SELECT no, at, actor, verb, target, reason FROM audit
WHERE no < ?1 AND no >= ?2 AND at >= ?3 AND substr(actor, 1, length(?4)) = ?4
    AND (verb = ?5 OR substr(verb, 1, length(?6)) = ?6)
ORDER BY no DESC
LIMIT ?7
