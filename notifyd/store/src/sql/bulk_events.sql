-- ?1 is a list of [seq, number of the event, status before].
INSERT INTO events (seq, n, at, event, was, became, reason, detail)
SELECT value ->> 0, value ->> 1, ?2, ?3, value ->> 2, ?4, ?5, ?6 FROM json_each(?1)
