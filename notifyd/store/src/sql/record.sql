UPDATE notifications
SET status = ?4, fence = fence + 1, run = NULL, due_at = ?5, lane = ?6, retried = ?7, retry_count = retry_count + ?8,
    progress = ?9, finished_at = ?10, failure_reason = ?11, delivery_proof = ?12, error = coalesce(?13, error),
    external_id = coalesce(?14, external_id), simulated = max(simulated, ?15),
    possible_duplicate = max(possible_duplicate, ?16), attempts = ?17
WHERE seq = ?1 AND status = ?3 AND fence = ?2
