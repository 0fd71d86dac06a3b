//! What lists are sorted by that is not in their rows but in the overview, by what the rows are called there. The least
//! comes first.

use notify_proto::overview::{Overview, Percentiles};
use std::collections::HashMap;

/// Where a row stands whose number is not known: below all others.
pub(super) const LAST: f64 = f64::INFINITY;

/// By id, for the last orders of a list.
pub type Weights = HashMap<String, Vec<f64>>;

/// Most first.
#[expect(clippy::cast_precision_loss, reason = "it is for sorting")]
pub(super) const fn most(number: u64) -> f64 {
    -(number as f64)
}

fn slowest(ms: &Percentiles) -> f64 {
    ms.p95.map_or(LAST, |ms| -ms)
}

/// Errors and how long they wait.
pub fn queues(of: &Overview) -> Weights {
    let lines = of.queues.iter();
    lines
        .map(|it| (it.name.clone(), vec![it.error_share.map_or(LAST, |share| -share), slowest(&it.wait_ms)]))
        .collect()
}

/// What is taken of them, how long that takes, and calls.
pub fn providers(of: &Overview) -> Weights {
    let lines = of.providers.iter();
    lines
        .map(|it| {
            (it.name.clone(), vec![it.ok_share.unwrap_or(LAST), slowest(&it.call_ms), -it.calls_per_second])
        })
        .collect()
}

/// What they take, what is owed to them, what was given up, and how long it takes.
pub fn webhooks(of: &Overview) -> Weights {
    let lines = of.webhooks.iter();
    lines
        .map(|it| {
            let share = it.ack_share.unwrap_or(LAST);
            (it.id.clone(), vec![share, most(it.waiting), most(it.failed), slowest(&it.ack_ms)])
        })
        .collect()
}
