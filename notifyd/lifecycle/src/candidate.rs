//! Which provider to try next.

use crate::decide::Progress;
use crate::message::{Message, Plan};
use notify_proto::{Channel, FailureReason, ProviderId, SkipReason};

/// A set of channels.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ChannelSet(u8);

impl ChannelSet {
    /// Whether it has this one.
    pub const fn has(self, channel: Channel) -> bool {
        self.0 & (1 << channel as u8) != 0
    }

    /// Its members, in the order of the vocabulary.
    pub fn iter(self) -> impl Iterator<Item = Channel> {
        Channel::ALL.iter().copied().filter(move |channel| self.has(*channel))
    }
}

impl FromIterator<Channel> for ChannelSet {
    fn from_iter<I: IntoIterator<Item = Channel>>(channels: I) -> Self {
        Self(channels.into_iter().fold(0, |bits, channel| bits | (1 << channel as u8)))
    }
}

/// What the choice needs to know of a provider.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id.
    pub id: ProviderId,
    /// Its name.
    pub name: String,
    /// What it can do.
    pub channels: ChannelSet,
    /// Lower is tried first.
    pub priority: i32,
    /// Whether an operator has it switched on.
    pub active: bool,
}

/// Whether a provider may be called now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gate {
    /// Yes.
    Open,
    /// Not this instant: all its slots are busy or its pace is reached. It is worth waiting for, up to a point.
    Busy,
    /// No; it is passed over.
    Closed(SkipReason),
}

/// A candidate that was passed over, kept as a `skipped` attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Skip {
    /// The channel.
    pub channel: Channel,
    /// The provider; none when the channel itself was passed over.
    pub provider: Option<ProviderId>,
    /// Why.
    pub reason: SkipReason,
}

/// What to do next with a notification.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// Call this provider.
    Try {
        /// Position in the plan's channel list.
        channel_index: usize,
        /// The channel at that position.
        channel: Channel,
        /// Whom to call.
        provider: ProviderId,
        /// Who was passed over on the way.
        skipped: Vec<Skip>,
    },
    /// Wait for the first of these, best first, that has a free slot; for the very first, as long as there is patience.
    Wait(Vec<ProviderId>),
    /// Every candidate left is closed.
    Closed(Vec<Skip>),
    /// Every candidate was tried in this cycle.
    Spent,
    /// No channel is left.
    Dead(FailureReason),
}

/// Walks the channels and their candidates in order. `providers` are sorted by [`sort`] and include the inactive ones.
/// Who is `restless` has waited long enough and passes over a busy one for another that has a free slot.
pub fn choose(
    plan: &Plan,
    message: &Message,
    progress: &Progress,
    restless: bool,
    providers: &[Candidate],
    mut gate: impl FnMut(&Candidate) -> Gate,
) -> Choice {
    let mut skipped = Vec::new();
    let mut any_closed = false;
    let mut any_tried = false;
    for (index, channel) in plan.channels.iter().copied().enumerate() {
        if index < progress.channel || progress.is_dead(index) {
            // A channel before the current one was used up in this cycle, so the cycle is not empty-handed.
            any_tried |= !progress.is_dead(index);
            continue;
        }
        if message.addresses.get(&channel).is_none_or(Vec::is_empty) {
            skipped.push(Skip { channel, provider: None, reason: SkipReason::NoAddress });
            continue;
        }
        let mut known = false;
        let mut waits_for = Vec::new();
        for candidate in in_order(plan, channel, providers) {
            known = true;
            if progress.only.is_some_and(|only| only != (index, candidate.id)) {
                continue;
            }
            if progress.tried.contains(&candidate.id) && index == progress.channel {
                any_tried = true;
                continue;
            }
            let open = if candidate.active { gate(candidate) } else { Gate::Closed(SkipReason::Disabled) };
            match open {
                Gate::Open if waits_for.is_empty() || restless => {
                    let skipped = passed_over(skipped);
                    return Choice::Try { channel_index: index, channel, provider: candidate.id, skipped };
                }
                Gate::Open => waits_for.push(candidate.id),
                Gate::Busy => {
                    waits_for.push(candidate.id);
                    if restless {
                        skipped.push(Skip {
                            channel,
                            provider: Some(candidate.id),
                            reason: SkipReason::Busy,
                        });
                    }
                }
                Gate::Closed(reason) => {
                    any_closed = true;
                    skipped.push(Skip { channel, provider: Some(candidate.id), reason });
                }
            }
        }
        if !waits_for.is_empty() {
            return Choice::Wait(waits_for);
        }
        if !known {
            skipped.push(Skip { channel, provider: None, reason: SkipReason::NoProvider });
        }
    }
    if any_closed {
        Choice::Closed(passed_over(skipped))
    } else if any_tried {
        Choice::Spent
    } else {
        Choice::Dead(progress.dead.last().map_or(FailureReason::NoProvider, |dead| dead.reason))
    }
}

/// Who is switched off takes no part, so it was not passed over; unless there is nobody else to tell of.
fn passed_over(mut skipped: Vec<Skip>) -> Vec<Skip> {
    let takes_part = |skip: &Skip| skip.reason != SkipReason::Disabled;
    if skipped.iter().any(takes_part) {
        skipped.retain(takes_part);
    }
    skipped
}

/// Providers in the order they are tried: ascending priority, ties by id.
pub fn sort(providers: &mut [Candidate]) {
    providers.sort_by_key(|candidate| (candidate.priority, candidate.id));
}

/// The candidates of one channel: the pinned one first or alone, then the others.
fn in_order<'a>(
    plan: &'a Plan,
    channel: Channel,
    providers: &'a [Candidate],
) -> impl Iterator<Item = &'a Candidate> + 'a {
    let able = move |candidate: &&Candidate| candidate.channels.has(channel);
    let pinned = plan.pinned;
    let first = providers.iter().filter(able).filter(move |candidate| Some(candidate.id) == pinned);
    let others = providers
        .iter()
        .filter(able)
        .filter(move |candidate| Some(candidate.id) != pinned && (pinned.is_none() || plan.allow_failover));
    first.chain(others)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::decide::Dead;
    use crate::retry::RetryPolicy;
    use notify_proto::OnUnknown;
    use notify_proto::send::Recipient;

    fn id(n: u8) -> ProviderId {
        ProviderId::from_bytes([n; 16])
    }

    fn provider(n: u8, priority: i32, channels: &[Channel]) -> Candidate {
        Candidate {
            id: id(n),
            name: format!("p{n}"),
            channels: channels.iter().copied().collect(),
            priority,
            active: true,
        }
    }

    fn plan(channels: &[Channel]) -> Plan {
        Plan {
            channels: channels.to_vec(),
            pinned: None,
            allow_failover: false,
            retry: RetryPolicy::Delays(vec![1]),
            on_unknown: OnUnknown::Resend,
            failover_on_unknown: false,
        }
    }

    fn message(channels: &[Channel]) -> Message {
        let mut message = crate::message::tests::text("+15005550006");
        message.recipient = Recipient::One("x".into());
        message.addresses = channels.iter().map(|c| (*c, vec!["x".to_owned()])).collect();
        message
    }

    fn tried(choice: &Choice) -> Option<(Channel, ProviderId)> {
        match choice {
            Choice::Try { channel, provider, .. } => Some((*channel, *provider)),
            _ => None,
        }
    }

    const SMS: Channel = Channel::Sms;
    const EMAIL: Channel = Channel::Email;

    #[test]
    fn the_lowest_priority_number_goes_first_and_ties_go_by_id() {
        let mut all = vec![provider(3, 10, &[SMS]), provider(2, 5, &[SMS]), provider(1, 5, &[SMS])];
        sort(&mut all);
        let choice =
            choose(&plan(&[SMS]), &message(&[SMS]), &Progress::default(), false, &all, |_| Gate::Open);
        assert_eq!(tried(&choice), Some((SMS, id(1))));
    }

    #[test]
    fn a_closed_one_is_passed_over_with_its_reason() {
        let all = [provider(1, 1, &[SMS]), provider(2, 2, &[SMS])];
        let gate =
            |c: &Candidate| if c.id == id(1) { Gate::Closed(SkipReason::BreakerOpen) } else { Gate::Open };
        let Choice::Try { provider, skipped, .. } =
            choose(&plan(&[SMS]), &message(&[SMS]), &Progress::default(), false, &all, gate)
        else {
            panic!("nobody was chosen")
        };
        assert_eq!(provider, id(2));
        assert_eq!(skipped, [Skip { channel: SMS, provider: Some(id(1)), reason: SkipReason::BreakerOpen }]);
    }

    #[test]
    fn who_is_switched_off_takes_no_part() {
        let off = |n: u8, priority: i32| Candidate { active: false, ..provider(n, priority, &[SMS]) };
        let skips = |all: &[Candidate]| {
            let closed = |_: &Candidate| Gate::Closed(SkipReason::BreakerOpen);
            match choose(&plan(&[SMS]), &message(&[SMS]), &Progress::default(), false, all, closed) {
                Choice::Closed(skipped) => skipped.iter().map(|skip| skip.reason).collect::<Vec<_>>(),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!(skips(&[provider(1, 1, &[SMS]), off(2, 2)]), [SkipReason::BreakerOpen]);
        assert_eq!(skips(&[off(1, 1)]), [SkipReason::Disabled], "there is nobody else to tell of");
    }

    #[test]
    fn a_busy_one_is_waited_for_until_patience_ends() {
        let all = [provider(1, 1, &[SMS]), provider(2, 2, &[SMS]), provider(3, 3, &[SMS])];
        let (plan, message, progress) = (plan(&[SMS]), message(&[SMS]), Progress::default());
        let full = |busy: &'static [u8]| {
            move |c: &Candidate| if busy.iter().any(|n| c.id == id(*n)) { Gate::Busy } else { Gate::Open }
        };
        let choice = choose(&plan, &message, &progress, false, &all, full(&[1]));
        assert_eq!(choice, Choice::Wait(vec![id(1), id(2), id(3)]));
        let choice = choose(&plan, &message, &progress, true, &all, full(&[1, 2]));
        let Choice::Try { provider, skipped, .. } = choice else { panic!("{choice:?}") };
        let busy = |n: u8| Skip { channel: SMS, provider: Some(id(n)), reason: SkipReason::Busy };
        assert_eq!((provider, skipped), (id(3), vec![busy(1), busy(2)]));
        let choice = choose(&plan, &message, &progress, true, &all, full(&[1, 2, 3]));
        assert_eq!(choice, Choice::Wait(vec![id(1), id(2), id(3)]));
    }

    #[test]
    fn nobody_goes_to_another_channel_because_of_a_busy_provider() {
        let all = [provider(1, 1, &[SMS]), provider(2, 2, &[EMAIL])];
        let gate = |c: &Candidate| if c.id == id(1) { Gate::Busy } else { Gate::Open };
        let (plan, message) = (plan(&[SMS, EMAIL]), message(&[SMS, EMAIL]));
        let choice = choose(&plan, &message, &Progress::default(), true, &all, gate);
        assert_eq!(choice, Choice::Wait(vec![id(1)]));
    }

    #[test]
    fn a_pin_stands_alone_unless_failover_is_allowed() {
        let all = [provider(1, 1, &[SMS]), provider(2, 2, &[SMS])];
        let mut pinned = plan(&[SMS]);
        pinned.pinned = Some(id(2));
        let mut progress = Progress::default();
        let message = message(&[SMS]);
        assert_eq!(
            tried(&choose(&pinned, &message, &progress, false, &all, |_| Gate::Open)),
            Some((SMS, id(2)))
        );
        progress.tried.push(id(2));
        assert_eq!(choose(&pinned, &message, &progress, false, &all, |_| Gate::Open), Choice::Spent);
        pinned.allow_failover = true;
        assert_eq!(
            tried(&choose(&pinned, &message, &progress, false, &all, |_| Gate::Open)),
            Some((SMS, id(1)))
        );
    }

    #[test]
    fn the_next_channel_follows_and_a_missing_address_is_said() {
        let all = [provider(1, 1, &[SMS, EMAIL])];
        let both = plan(&[SMS, EMAIL]);
        let choice = choose(&both, &message(&[EMAIL]), &Progress::default(), false, &all, |_| Gate::Open);
        let Choice::Try { channel, skipped, .. } = choice else { panic!("nobody was chosen") };
        assert_eq!((channel, skipped[0].reason), (EMAIL, SkipReason::NoAddress));
        let mut progress = Progress::default();
        progress.tried.push(id(1));
        let choice = choose(&both, &message(&[SMS, EMAIL]), &progress, false, &all, |_| Gate::Open);
        assert_eq!(tried(&choice), Some((EMAIL, id(1))));
    }

    #[test]
    fn a_dead_last_channel_names_why_and_a_closed_one_holds() {
        let all = [provider(1, 1, &[SMS])];
        let progress = Progress {
            dead: vec![Dead { channel: 0, reason: FailureReason::InvalidRecipient }],
            ..Progress::default()
        };
        let choice = choose(&plan(&[SMS]), &message(&[SMS]), &progress, false, &all, |_| Gate::Open);
        assert_eq!(choice, Choice::Dead(FailureReason::InvalidRecipient));
        let closed = choose(&plan(&[SMS]), &message(&[SMS]), &Progress::default(), false, &all, |_| {
            Gate::Closed(SkipReason::Paused)
        });
        assert!(matches!(closed, Choice::Closed(_)));
        let none = choose(&plan(&[SMS]), &message(&[SMS]), &Progress::default(), false, &[], |_| Gate::Open);
        assert_eq!(none, Choice::Dead(FailureReason::NoProvider));
    }
}
