//! What is asked of an operation that changes notifications, and which of them allow it.

use notify_proto::filter::Filter;
use notify_proto::{BulkOp, Status, Timestamp};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::steer::{Again, Wish};
use serde::{Deserialize, Serialize};

/// What to do with which notifications.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Bulk {
    /// What.
    pub op: BulkOp,
    /// With which.
    pub filter: Filter,
    /// The moment they wait for then, for what is postponed or moved.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// How it is tried again, for what is retried.
    #[serde(default)]
    pub again: Again,
    /// Whether the webhooks of the services are told of what is buried.
    #[serde(default)]
    pub notify: bool,
    /// Only what was accepted, and where it has ended also ended, before this.
    pub cutoff: Timestamp,
    /// At most so many, those accepted first.
    #[serde(default)]
    pub limit: Option<u64>,
    /// How many a second; as fast as it goes when there is none.
    #[serde(default)]
    pub rate_per_second: Option<f64>,
}

impl Bulk {
    /// What is wished of each, for the kinds that steer what waits.
    pub const fn wish(&self) -> Option<Wish> {
        match (self.op, self.until) {
            (BulkOp::Postpone, Some(until)) => Some(Wish::Postpone(until)),
            (BulkOp::Move, Some(at)) => Some(Wish::Move(at)),
            (BulkOp::Run, _) => Some(Wish::RunNow),
            (BulkOp::Retry, _) => Some(Wish::Retry(self.again)),
            (BulkOp::Bury, _) => Some(Wish::Bury { notify: self.notify }),
            _ => None,
        }
    }

    /// Whether a notification allows it, for the kinds that wish nothing.
    pub(super) fn allows(&self, status: Status) -> bool {
        match self.op {
            BulkOp::Cancel => Transition::cancel().allows(status),
            BulkOp::Discard => status == Status::Failed,
            BulkOp::Retry | BulkOp::Postpone | BulkOp::Bury | BulkOp::Move | BulkOp::Run => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_steers_wishes_something_and_all_that_steers_does() {
        let wishes = |op, until| {
            let (filter, cutoff) = (Filter::default(), Timestamp::UNIX_EPOCH);
            let again = Again::default();
            Bulk { op, filter, until, again, notify: false, cutoff, limit: None, rate_per_second: None }
                .wish()
                .is_some()
        };
        for op in BulkOp::ALL {
            let steers = !matches!(op, BulkOp::Cancel | BulkOp::Discard);
            assert_eq!(wishes(*op, Some(Timestamp::UNIX_EPOCH)), steers, "{op}");
        }
        assert!(!wishes(BulkOp::Postpone, None) && !wishes(BulkOp::Move, None));
    }
}
