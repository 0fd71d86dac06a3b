//! What the log measures of itself.

use crate::desk::{Acceptances, Arrivals};
use notify_proto::{Channel, Priority, Status};
use notifyd_lifecycle::Lane;
use prometheus::{Histogram, HistogramOpts, IntCounter, IntCounterVec, Opts, Registry, exponential_buckets};

/// Handles to the store's metrics.
#[derive(Clone)]
pub struct Metrics {
    /// From the first statement of a batch to its commit on disk.
    pub commit_seconds: Histogram,
    /// Rows of a batch.
    pub batch_rows: Histogram,
    /// Notifications that became delivered, failed or cancelled, whoever made them so.
    finals: [(Status, IntCounter); 3],
    accepted: [[IntCounter; Priority::ALL.len()]; Channel::ALL.len()],
    arrived: [IntCounter; Channel::ALL.len()],
}

impl Metrics {
    /// Registers them. A registry that has them already is a mistake of the wiring and is said so.
    pub fn register(registry: &Registry) -> Result<Self, prometheus::Error> {
        let seconds = HistogramOpts::new(
            "notifyd_store_commit_seconds",
            "Time from the first statement of a batch to its commit on disk.",
        )
        .buckets(exponential_buckets(0.000_25, 2.0, 14)?);
        let rows = HistogramOpts::new("notifyd_store_batch_size", "Rows written by one commit.")
            .buckets(exponential_buckets(1.0, 2.0, 12)?);
        let finals = IntCounterVec::new(
            Opts::new("notifyd_notifications_final_total", "Notifications that reached a final status."),
            &["status"],
        )?;
        registry.register(Box::new(finals.clone()))?;
        let accepted = IntCounterVec::new(
            Opts::new("notifyd_notifications_accepted_total", "Notifications accepted and on disk."),
            &["channel", "priority"],
        )?;
        registry.register(Box::new(accepted.clone()))?;
        let arrived = IntCounterVec::new(
            Opts::new(
                "notifyd_queue_arrivals_total",
                "Notifications that came to the queue: accepted, due, or started again.",
            ),
            &["channel"],
        )?;
        registry.register(Box::new(arrived.clone()))?;
        let of = |channel: usize, priority: usize| {
            accepted.with_label_values(&[Channel::ALL[channel].as_str(), Priority::ALL[priority].as_str()])
        };
        let metrics = Self {
            accepted: std::array::from_fn(|channel| std::array::from_fn(|priority| of(channel, priority))),
            arrived: std::array::from_fn(|channel| {
                arrived.with_label_values(&[Channel::ALL[channel].as_str()])
            }),
            commit_seconds: Histogram::with_opts(seconds)?,
            batch_rows: Histogram::with_opts(rows)?,
            finals: [Status::Delivered, Status::Failed, Status::Cancelled]
                .map(|status| (status, finals.with_label_values(&[status.as_str()]))),
        };
        registry.register(Box::new(metrics.commit_seconds.clone()))?;
        registry.register(Box::new(metrics.batch_rows.clone()))?;
        Ok(metrics)
    }

    /// Counts what was committed.
    pub fn count(&self, reached: &[u64; 7], accepted: &Acceptances, arrived: &Arrivals) {
        for (lane, number) in arrived {
            if let Some(channel) = Lane::of(lane).channel {
                self.arrived[channel as usize].inc_by(*number);
            }
        }
        for (counter, number) in self.accepted.iter().flatten().zip(accepted.iter().flatten()) {
            if *number > 0 {
                counter.inc_by(*number);
            }
        }
        for (status, counter) in &self.finals {
            counter.inc_by(reached[*status as usize]);
        }
    }
}
