//! In front of whom a line of queued work stands.

use notify_proto::{Channel, ProviderId};
use notifyd_engine::Standing;
use std::collections::HashMap;
use std::sync::Arc;

/// A line, as [`Plan::lane`](notifyd_lifecycle::Plan::lane) names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Lane {
    /// The channel that is tried next, before those that come after it; none when it is not one of this version's.
    pub(crate) channel: Option<Channel>,
    /// The provider that alone will do.
    pub(crate) pinned: Option<ProviderId>,
}

impl Lane {
    /// The line of this name.
    pub(crate) fn of(name: &str) -> Self {
        let (channel, pinned) =
            name.split_once('@').map_or((name, None), |(channel, it)| (channel, Some(it)));
        let next = channel.split('+').next().unwrap_or_default();
        Self { channel: next.parse().ok(), pinned: pinned.and_then(|it| it.parse().ok()) }
    }

    /// Whom its work goes to first: for certain when it is pinned, by estimate else.
    pub(crate) fn first(self, standing: &Standing) -> Option<ProviderId> {
        self.pinned.or_else(|| standing.first.get(&self.channel?).copied())
    }
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

    #[test]
    fn a_line_names_its_channel_and_its_pin() {
        let provider = ProviderId::from_bytes([7; 16]);
        let other = ProviderId::from_bytes([8; 16]);
        let standing = Standing { memory: vec![], first: [(Channel::Sms, other)].into() };
        let lane = |name: &str| (Lane::of(name).channel, Lane::of(name).first(&standing));
        assert_eq!(lane("sms"), (Some(Channel::Sms), Some(other)));
        assert_eq!(lane(&format!("sms@{provider}")), (Some(Channel::Sms), Some(provider)));
        assert_eq!(lane("email"), (Some(Channel::Email), None));
        assert_eq!(lane("sms+email"), (Some(Channel::Sms), Some(other)));
        assert_eq!(lane(&format!("sms+email@{provider}")), (Some(Channel::Sms), Some(provider)));
        assert_eq!(lane("fax"), (None, None));
    }
}
