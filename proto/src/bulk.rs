//! Changes of all notifications that match a filter, and dead letters by what is wrong with them.

use crate::control::Limit;
use crate::filter::Filter;
use crate::upkeep::OperationView;
use crate::view::write_time;
use crate::{BulkOp, FailureReason, NotificationId, Open, Timestamp};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Another try, as somebody wants it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Again {
    /// Not before; at once when there is none.
    pub at: Option<Timestamp>,
    /// By this provider alone: its name or id.
    pub provider: Option<String>,
    /// With a fresh budget of retries. What has ended gets one in any case.
    pub reset_attempts: bool,
}

/// What to do with which.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BulkRequest {
    /// What.
    pub op: Open<BulkOp>,
    /// With which. Unless it names a status, with those that are in a state that allows it.
    pub filter: Filter,
    /// The moment they wait for then, for what is postponed or moved.
    #[serde(default)]
    pub until: Option<Timestamp>,
    /// How they are tried again, for what is retried.
    #[serde(default)]
    pub again: Again,
    /// Tell the webhooks of the services of what is buried.
    #[serde(default)]
    pub notify: bool,
    /// Only what was accepted, and where it has ended also ended, before this; now when it is absent. A moment of the
    /// daemon's clock, so that what was counted is what is changed.
    #[serde(default)]
    pub cutoff: Option<Timestamp>,
    /// Refuse unless so many match.
    #[serde(default)]
    pub expect: Option<Expect>,
    /// At most so many, those accepted first.
    #[serde(default)]
    pub limit: Option<u64>,
    /// How many a second; the usual pace of its kind unless something is said.
    #[serde(default)]
    pub rate_per_second: Limit<f64>,
}

/// How many somebody expects.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expect {
    /// So many.
    pub count: u64,
    /// Or more or less by so many percent of it.
    #[serde(default)]
    pub percent: u32,
}

impl Expect {
    /// Whether so many will do.
    pub fn allows(&self, found: u64) -> bool {
        u128::from(found.abs_diff(self.count)) * 100 <= u128::from(self.count) * u128::from(self.percent)
    }
}

/// As the command line has it: `4218` or `4218~5%`.
impl std::fmt::Display for Expect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.count)?;
        if self.percent > 0 { write!(f, "~{}%", self.percent) } else { Ok(()) }
    }
}

/// What matches, and the operation that changes it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BulkView {
    /// How many match, by status.
    pub by_status: BTreeMap<String, u64>,
    /// How many match, by service.
    pub by_service: BTreeMap<String, u64>,
    /// How many match in all.
    pub total: u64,
    /// Of these, those that will not allow it, as they stand.
    pub refused: u64,
    /// The same by status.
    #[serde(default)]
    pub refused_by_status: BTreeMap<String, u64>,
    /// Some of those that match, the first accepted first.
    pub samples: Vec<NotificationId>,
    /// What came later is not touched.
    #[serde(serialize_with = "write_time")]
    pub cutoff: Timestamp,
    /// At most so many are changed.
    pub limit: Option<u64>,
    /// How many a second; none when nothing holds it up.
    pub rate_per_second: Option<f64>,
    /// What does it; none on a dry run, or when nothing matches.
    pub operation: Option<OperationView>,
}

/// One that could not be changed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// Which.
    pub id: NotificationId,
    /// Why, a sentence.
    pub message: String,
}

/// Dead letters, by what is wrong with them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultGroups {
    /// The largest groups, the largest first.
    pub groups: Vec<FaultGroup>,
    /// Dead letters that match and are in none of these groups.
    pub elsewhere: u64,
    /// Dead letters that were looked at, the newest.
    pub scanned: u64,
    /// Whether there are older ones that were not.
    pub partial: bool,
}

/// Dead letters with one fault.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FaultGroup {
    /// Its fingerprint, for filters: `fault:1f6c09ab`.
    pub fault: String,
    /// How many.
    pub count: u64,
    /// Why they were given up.
    pub reason: Option<Open<FailureReason>>,
    /// The provider of the last attempt.
    pub provider_name: Option<String>,
    /// The error, with placeholders for what differs from one to the next.
    pub error: Option<String>,
    /// When the first of them died.
    #[serde(serialize_with = "write_time")]
    pub first_at: Timestamp,
    /// When the last of them died.
    #[serde(serialize_with = "write_time")]
    pub last_at: Timestamp,
    /// How many died in each of the last 24 hours, the newest last; empty when the daemon does not tell.
    #[serde(default)]
    pub trend: Vec<u32>,
    /// One of them, the newest.
    pub sample: NotificationId,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_expectation_is_exact_unless_it_says_otherwise() {
        let exact = Expect { count: 100, percent: 0 };
        assert!(exact.allows(100) && !exact.allows(101) && !exact.allows(99));
        let about = Expect { count: 100, percent: 5 };
        assert!(about.allows(95) && about.allows(105) && !about.allows(94) && !about.allows(106));
        assert!(Expect { count: u64::MAX, percent: u32::MAX }.allows(0));
        assert_eq!((exact.to_string(), about.to_string()), ("100".into(), "100~5%".into()));
    }
}
