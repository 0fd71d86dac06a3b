//! The lines in which queued work waits, by name: the channel that is tried next, followed by those that come after it, as in
//! `sms+email`, and by `@provider` when only that provider will do. Whoever stands in one line can be taken by the same
//! ones, so that those who wait for somebody who is closed hold up nobody who may go elsewhere.

use crate::decide::Progress;
use crate::message::Plan;
use notify_proto::{Channel, ProviderId};
use std::collections::BTreeMap;

impl Plan {
    /// The line in which one with these addresses waits that has got so far.
    pub fn lane(&self, addresses: &BTreeMap<Channel, Vec<String>>, progress: &Progress) -> String {
        let mut pinned = self.pinned.filter(|_| !self.allow_failover);
        let channels: Vec<&str> = match progress.only {
            Some((channel, provider)) => {
                pinned = Some(provider);
                self.channels.get(channel).iter().map(|it| it.as_str()).collect()
            }
            None => self.open(addresses, progress).map(Channel::as_str).collect(),
        };
        // Nobody can take it when there is none, which is found out when its turn has come.
        let nobody = || self.channels.first().map_or_else(String::new, |it| it.as_str().to_owned());
        let mut lane = if channels.is_empty() { nobody() } else { channels.join("+") };
        if let Some(provider) = pinned {
            lane.push('@');
            lane.push_str(&provider.to_string());
        }
        lane
    }

    /// Pins it to a provider, which alone is to send it.
    pub const fn pin(&mut self, provider: ProviderId) {
        self.pinned = Some(provider);
        self.allow_failover = false;
    }

    /// Whether one of its channels has an address and is among these.
    pub fn reaches(&self, addresses: &BTreeMap<Channel, Vec<String>>, served: &[Channel]) -> bool {
        self.open(addresses, &Progress::default()).any(|channel| served.contains(&channel))
    }

    /// The channels that are left in this cycle and have an address, the next one first.
    fn open(
        &self,
        addresses: &BTreeMap<Channel, Vec<String>>,
        progress: &Progress,
    ) -> impl Iterator<Item = Channel> {
        let all = self.channels.iter().copied().enumerate().skip(progress.channel);
        let left = all.filter(|(index, _)| !progress.is_dead(*index)).map(|(_, channel)| channel);
        left.filter(|channel| addresses.get(channel).is_some_and(|all| !all.is_empty()))
    }
}

/// A line, as far as its name tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Lane {
    /// The channel that is tried next; none when it is not one of this version's.
    pub channel: Option<Channel>,
    /// The provider that alone will do.
    pub pinned: Option<ProviderId>,
}

impl Lane {
    /// The line of this name.
    pub fn of(name: &str) -> Self {
        let (channels, pinned) = name.split_once('@').map_or((name, None), |(all, it)| (all, Some(it)));
        let next = channels.split('+').next().unwrap_or_default();
        Self { channel: next.parse().ok(), pinned: pinned.and_then(|it| it.parse().ok()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Dead;
    use crate::retry::RetryPolicy;
    use notify_proto::{FailureReason, OnUnknown};

    const P: ProviderId = ProviderId::from_bytes([1; 16]);

    fn plan(channels: &[Channel]) -> Plan {
        Plan {
            channels: channels.to_vec(),
            pinned: None,
            allow_failover: false,
            retry: RetryPolicy::Delays(vec![]),
            on_unknown: OnUnknown::Resend,
            failover_on_unknown: false,
        }
    }

    fn addresses(channels: &[Channel]) -> BTreeMap<Channel, Vec<String>> {
        channels.iter().map(|channel| (*channel, vec!["somebody".to_owned()])).collect()
    }

    const ALL: [Channel; 3] = [Channel::Push, Channel::Sms, Channel::Email];

    #[test]
    fn a_line_is_named_by_all_that_could_take_its_work() {
        let (mut plan, all) = (plan(&ALL), addresses(&ALL));
        let lane = |plan: &Plan, progress: &Progress| plan.lane(&all, progress);
        let mut progress = Progress::default();
        assert_eq!(lane(&plan, &progress), "push+sms+email");
        progress.channel = 1;
        assert_eq!(lane(&plan, &progress), "sms+email");
        progress.dead.push(Dead { channel: 1, reason: FailureReason::Permanent });
        assert_eq!(lane(&plan, &progress), "email");
        progress.channel = 0;
        assert_eq!(lane(&plan, &progress), "push+email");
        plan.pinned = Some(P);
        assert_eq!(lane(&plan, &progress), format!("push+email@{P}"));
        plan.allow_failover = true;
        assert_eq!(lane(&plan, &progress), "push+email", "others may take over");
    }

    #[test]
    fn who_has_no_address_there_does_not_wait_for_that_channel() {
        let lane = |plan: &Plan, has: &[Channel]| plan.lane(&addresses(has), &Progress::default());
        assert_eq!(lane(&plan(&ALL), &[Channel::Sms]), "sms");
        assert_eq!(lane(&plan(&ALL), &[Channel::Push, Channel::Email]), "push+email");
        assert_eq!(lane(&plan(&ALL), &[]), "push");
        let used_up = Progress { channel: 2, ..Progress::default() };
        assert_eq!(plan(&ALL).lane(&addresses(&[Channel::Sms]), &used_up), "push");
    }

    #[test]
    fn who_may_have_been_sent_waits_for_the_one_who_may_have_done_it() {
        let progress = Progress { only: Some((1, P)), ..Progress::default() };
        assert_eq!(plan(&ALL).lane(&addresses(&ALL), &progress), format!("sms@{P}"));
    }

    #[test]
    fn a_pin_stands_alone_and_reaches_what_it_serves() {
        let mut plan = plan(&ALL);
        plan.allow_failover = true;
        plan.pin(P);
        assert_eq!(plan.lane(&addresses(&ALL), &Progress::default()), format!("push+sms+email@{P}"));
        let has = addresses(&[Channel::Sms]);
        assert!(plan.reaches(&has, &[Channel::Email, Channel::Sms]));
        assert!(!plan.reaches(&has, &[Channel::Email]), "it has no address there");
        assert!(!plan.reaches(&has, &[Channel::Slack]), "it is not to go there");
    }

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let of = |name: &str| (Lane::of(name).channel, Lane::of(name).pinned);
        assert_eq!(of("sms"), (Some(Channel::Sms), None));
        assert_eq!(of(&format!("sms@{P}")), (Some(Channel::Sms), Some(P)));
        assert_eq!(of("sms+email"), (Some(Channel::Sms), None));
        assert_eq!(of(&format!("sms+email@{P}")), (Some(Channel::Sms), Some(P)));
        assert_eq!(of("fax+email"), (None, None));
    }
}
