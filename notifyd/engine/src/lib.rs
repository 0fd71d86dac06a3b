//! Decides when: dispatch, queues, attempts, schedule, rescue, sweep
