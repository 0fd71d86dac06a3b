//! In front of whom a line of queued work stands.

use notify_proto::ProviderId;
use notifyd_engine::Standing;
use notifyd_lifecycle::Lane;
use std::collections::HashMap;
use std::sync::Arc;

/// Whom the work of a line goes to first: for certain when it is pinned, by estimate else.
pub(crate) fn first(lane: &str, standing: &Standing) -> Option<ProviderId> {
    let lane = Lane::of(lane);
    lane.pinned.or_else(|| standing.first.get(&lane.channel?).copied())
}

/// How many of each line, each service and each provider are in memory.
pub(crate) fn in_memory(standing: &Standing) -> HashMap<(Arc<str>, i64, ProviderId), u64> {
    let mut counts = HashMap::new();
    for it in &standing.memory {
        *counts.entry((Arc::clone(&it.lane), it.service, it.provider)).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests {
    use super::*;
    use notify_proto::Channel;

    #[test]
    fn a_line_stands_in_front_of_its_pin_or_of_the_first_of_its_channel() {
        let provider = ProviderId::from_bytes([7; 16]);
        let other = ProviderId::from_bytes([8; 16]);
        let standing = Standing { memory: vec![], first: [(Channel::Sms, other)].into() };
        assert_eq!(first("sms+email", &standing), Some(other));
        assert_eq!(first(&format!("sms+email@{provider}"), &standing), Some(provider));
        assert_eq!(first("email", &standing), None);
        assert_eq!(first("fax", &standing), None);
    }
}
