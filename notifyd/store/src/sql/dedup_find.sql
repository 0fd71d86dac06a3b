SELECT seq FROM dedup_spill WHERE fingerprint = ?1
