-- What webhooks did not take and are told again, of all of them in the order of their times. What is taken at the first try
-- never comes to stand in it.
CREATE INDEX deliveries_retrying ON deliveries (due_at, no) WHERE status = 'retrying';
