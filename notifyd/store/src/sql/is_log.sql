-- Whether a database without our mark is a log all the same, or has nothing in it yet.
SELECT count(*) = 0 OR sum(name = 'seal_check') > 0 FROM sqlite_schema WHERE type = 'table'
