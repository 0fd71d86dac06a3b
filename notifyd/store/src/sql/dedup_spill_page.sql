SELECT max(fingerprint)
FROM (SELECT fingerprint FROM dedup_spill WHERE fingerprint > ?1 ORDER BY fingerprint LIMIT ?2)
