-- Retries alone in the order of their times: what is accepted for later, and may be a million, is not gone past for one of
-- them. Only what failed once comes to stand in it.
CREATE INDEX notifications_retrying ON notifications (due_at) WHERE status = 'retrying';
