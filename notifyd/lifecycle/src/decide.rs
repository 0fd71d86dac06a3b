//! What follows from an outcome: the next transition, and how far the notification has got in its cycle.
//!
//! A *cycle* tries every candidate once. A cycle in which something failed retryably costs one retry; one in which
//! nothing could be tried, or only accounts were at fault, costs none.

use crate::candidate::Choice;
use crate::message::Plan;
use crate::outcome::{Outcome, Report, Scope};
use crate::transition::Transition;
use chrono::TimeDelta;
use notify_proto::{FailureReason, OnUnknown, ProviderId, SkipReason, Timestamp};
use rand::RngCore;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A channel that can never work for this notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Dead {
    /// Position in the plan's channel list.
    pub channel: usize,
    /// Why.
    pub reason: FailureReason,
}

/// How far a notification has got. The default is a fresh cycle, and is not stored.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Progress {
    /// Position in the plan's channel list of the channel being tried.
    pub channel: usize,
    /// Who was tried on that channel in this cycle.
    pub tried: Vec<ProviderId>,
    /// Whether something failed retryably in this cycle.
    pub cost: bool,
    /// Channels that can never work; they survive the cycle.
    pub dead: Vec<Dead>,
    /// After an attempt of unknown end: no other provider may send it, nor the same one on another channel, given by its
    /// position in the plan's channel list.
    pub only: Option<(usize, ProviderId)>,
    /// Runs of the daemon that died while sending it, in a row.
    pub interrupted: u32,
    /// The next cycle begins no earlier: the place that only this notification names has asked for that.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_before: Option<Timestamp>,
}

impl Progress {
    /// Whether that channel can never work.
    pub fn is_dead(&self, channel: usize) -> bool {
        self.dead.iter().any(|dead| dead.channel == channel)
    }

    /// A new cycle: everybody may be tried again, except on dead channels.
    pub fn restart(&mut self) {
        self.channel = 0;
        self.tried.clear();
        self.cost = false;
        self.not_before = None;
    }

    /// Notes whom the attempt was made with. Moving to another channel forgets who was tried on the one before.
    pub fn note_attempt(&mut self, channel_index: usize, provider: ProviderId) {
        if channel_index != self.channel {
            self.channel = channel_index;
            self.tried.clear();
        }
        self.tried.push(provider);
    }
}

/// Where the notification stands when the outcome comes in.
#[derive(Debug, Clone, Copy)]
pub struct Standing<'a> {
    /// How it is to be delivered.
    pub plan: &'a Plan,
    /// Retries spent.
    pub retry_count: u32,
    /// Not after.
    pub expires_at: Option<Timestamp>,
    /// Now.
    pub now: Timestamp,
}

/// First half: takes a report into the progress. Answers the transition when nobody else may be asked; otherwise the
/// caller chooses the next candidate and comes to [`go_on`].
pub fn absorb(
    report: &Report,
    channel_index: usize,
    provider: ProviderId,
    progress: &mut Progress,
    standing: &Standing<'_>,
    rng: &mut dyn RngCore,
) -> Option<Transition> {
    progress.note_attempt(channel_index, provider);
    progress.interrupted = 0;
    match &report.outcome {
        Outcome::Accepted { .. } => Some(Transition::deliver()),
        Outcome::Transient => {
            progress.cost = true;
            None
        }
        // Nobody else waits for it, so it is this notification that does.
        Outcome::RateLimited { after } if report.scope == Scope::Target => {
            let asked = after.and_then(|after| TimeDelta::from_std(after).ok());
            let until = asked.and_then(|after| standing.now.checked_add_signed(after));
            progress.not_before = progress.not_before.max(until);
            progress.cost = true;
            None
        }
        Outcome::RateLimited { .. } | Outcome::ProviderConfig => None,
        Outcome::Permanent => {
            progress.dead.push(Dead { channel: channel_index, reason: FailureReason::Permanent });
            None
        }
        Outcome::RecipientInvalid(_) => {
            progress.dead.push(Dead { channel: channel_index, reason: FailureReason::InvalidRecipient });
            None
        }
        Outcome::Ambiguous => unknown_end((channel_index, provider), progress, standing, rng),
    }
}

/// An attempt that another run of the daemon left without an outcome.
pub fn interrupted(
    channel_index: usize,
    provider: Option<ProviderId>,
    progress: &mut Progress,
    plan: &Plan,
) -> Transition {
    progress.interrupted += 1;
    if progress.interrupted >= MAX_INTERRUPTIONS {
        return Transition::fail(FailureReason::CrashLoop);
    }
    match plan.on_unknown {
        OnUnknown::Hold => Transition::hold_in_doubt(),
        OnUnknown::Fail => Transition::fail(FailureReason::InDoubt),
        OnUnknown::Resend => {
            if !plan.failover_on_unknown {
                // The same attempt is made again, whatever else was tried in this cycle.
                progress.channel = channel_index;
                progress.tried.clear();
                progress.only = provider.map(|provider| (channel_index, provider));
            }
            Transition::interrupted()
        }
    }
}

/// An attempt whose end is unknown.
fn unknown_end(
    tried: (usize, ProviderId),
    progress: &mut Progress,
    standing: &Standing<'_>,
    rng: &mut dyn RngCore,
) -> Option<Transition> {
    match standing.plan.on_unknown {
        OnUnknown::Hold => Some(Transition::hold_in_doubt()),
        OnUnknown::Fail => Some(Transition::fail(FailureReason::InDoubt)),
        OnUnknown::Resend if standing.plan.failover_on_unknown => {
            progress.cost = true;
            None
        }
        OnUnknown::Resend => {
            progress.only = Some(tried);
            Some(end_cycle(progress, standing, None, "in_doubt", rng))
        }
    }
}

/// Second half: what the choice of the next candidate leads to, after an attempt failed with `reason`.
pub fn go_on(
    choice: &Choice,
    reason: &'static str,
    at_least: Option<Duration>,
    progress: &mut Progress,
    standing: &Standing<'_>,
    rng: &mut dyn RngCore,
) -> Transition {
    match choice {
        Choice::Try { .. } | Choice::Wait(_) => Transition::fail_over(reason),
        Choice::Dead(why) => Transition::fail(*why),
        Choice::Closed(_) | Choice::Spent if progress.cost => {
            end_cycle(progress, standing, at_least, reason, rng)
        }
        Choice::Closed(skips) => {
            progress.restart();
            Transition::hold(skips.last().map_or(SkipReason::BreakerOpen, |skip| skip.reason))
        }
        Choice::Spent => {
            progress.restart();
            Transition::hold(if reason == "rate_limited" {
                SkipReason::RateLimited
            } else {
                SkipReason::BreakerOpen
            })
        }
    }
}

/// The cycle failed: the next one has a time, or the budget is spent.
pub fn end_cycle(
    progress: &mut Progress,
    standing: &Standing<'_>,
    at_least: Option<Duration>,
    reason: &'static str,
    rng: &mut dyn RngCore,
) -> Transition {
    let not_before = progress.not_before;
    progress.restart();
    let Some(delay) = standing.plan.retry.jittered(standing.retry_count + 1, at_least, rng) else {
        return Transition::fail(FailureReason::Exhausted);
    };
    let delay = TimeDelta::from_std(delay).unwrap_or(TimeDelta::MAX);
    let Some(at) = standing.now.checked_add_signed(delay) else {
        return Transition::fail(FailureReason::Exhausted);
    };
    let at = not_before.map_or(at, |least| at.max(least));
    if standing.expires_at.is_some_and(|expires| at >= expires) {
        // The next attempt would be too late: saying so now is more use than saying so then.
        return Transition::fail(FailureReason::Expired);
    }
    Transition::retry_at(at, reason)
}

/// How many runs of the daemon may die in a row while sending one notification before it is held for an operator.
pub const MAX_INTERRUPTIONS: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::outcome::Invalid;
    use crate::retry::RetryPolicy;
    use notify_proto::{Channel, Status};
    use proptest::prelude::*;
    use rand::SeedableRng;
    use rand::rngs::StdRng;

    fn plan(on_unknown: OnUnknown) -> Plan {
        Plan {
            channels: vec![Channel::Sms, Channel::Email],
            pinned: None,
            allow_failover: false,
            retry: RetryPolicy::Delays(vec![10, 20]),
            on_unknown,
            failover_on_unknown: false,
        }
    }

    fn standing(plan: &Plan, retry_count: u32) -> Standing<'_> {
        Standing { plan, retry_count, expires_at: None, now: Timestamp::default() }
    }

    fn provider() -> ProviderId {
        ProviderId::from_bytes([1; 16])
    }

    fn after(
        outcome: &Outcome,
        progress: &mut Progress,
        standing: &Standing<'_>,
        choice: &Choice,
    ) -> Transition {
        let mut rng = StdRng::seed_from_u64(1);
        absorb(&Report::new(outcome.clone(), None), 0, provider(), progress, standing, &mut rng)
            .unwrap_or_else(|| go_on(choice, outcome.class(), None, progress, standing, &mut rng))
    }

    #[test]
    fn a_failed_cycle_costs_one_retry_and_the_last_one_is_exhausted() {
        let plan = plan(OnUnknown::Resend);
        let mut progress = Progress::default();
        let first = after(&Outcome::Transient, &mut progress, &standing(&plan, 0), &Choice::Spent);
        assert_eq!(first.to(), Status::Retrying);
        assert_eq!(progress, Progress::default());
        let last = after(&Outcome::Transient, &mut progress, &standing(&plan, 2), &Choice::Spent);
        assert_eq!(last, Transition::fail(FailureReason::Exhausted));
    }

    #[test]
    fn accounts_at_fault_and_throttling_cost_nothing() {
        let plan = plan(OnUnknown::Resend);
        for outcome in [Outcome::ProviderConfig, Outcome::RateLimited { after: None }] {
            let held = after(&outcome, &mut Progress::default(), &standing(&plan, 2), &Choice::Spent);
            assert_eq!((held.to(), held.event()), (Status::Queued, "held"));
        }
    }

    /// What follows when the recipient's own address asks for so much time, through two providers in turn.
    fn asked(after: [Option<u64>; 2], standing: &Standing<'_>) -> Transition {
        let mut rng = StdRng::seed_from_u64(1);
        let mut progress = Progress::default();
        for after in after.map(|after| after.map(Duration::from_secs)) {
            let report = Report::new(Outcome::RateLimited { after }, None).of(Scope::Target);
            assert_eq!(absorb(&report, 0, provider(), &mut progress, standing, &mut rng), None);
        }
        let next = go_on(&Choice::Spent, "rate_limited", None, &mut progress, standing, &mut rng);
        assert_eq!(progress, Progress::default(), "the next cycle owes nothing to this one");
        next
    }

    #[test]
    fn what_an_address_asks_for_delays_its_own_notification() {
        let plan = plan(OnUnknown::Resend);
        let first = standing(&plan, 0);
        let waits = |after| (asked(after, &first).due_at().unwrap() - first.now).as_seconds_f64();
        for (after, seconds) in [
            ([Some(1_000), None], 1_000.0),
            ([None, Some(1_000)], 1_000.0),
            ([Some(1_000), Some(20)], 1_000.0),
        ] {
            assert!((waits(after) - seconds).abs() < 0.001, "{after:?}");
        }
        for after in [[Some(2), None], [None, None]] {
            assert!((9.0..=11.0).contains(&waits(after)), "the policy counts when it is longer: {after:?}");
        }
        let brief = Standing { expires_at: Some(first.now + TimeDelta::seconds(900)), ..first };
        assert_eq!(asked([Some(1_000), None], &brief).failure(), Some(FailureReason::Expired));
        let spent = standing(&plan, 2);
        assert_eq!(asked([Some(1_000), None], &spent).failure(), Some(FailureReason::Exhausted));
    }

    #[test]
    fn a_permanent_refusal_falls_through_to_the_next_channel_or_ends_it() {
        let plan = plan(OnUnknown::Resend);
        let mut progress = Progress::default();
        let next = Choice::Wait(vec![provider()]);
        assert_eq!(
            after(&Outcome::Permanent, &mut progress, &standing(&plan, 0), &next).event(),
            "failed_over"
        );
        assert!(progress.is_dead(0));
        let dead = Choice::Dead(FailureReason::InvalidRecipient);
        let outcome = Outcome::RecipientInvalid(Invalid::Dead);
        let end = after(&outcome, &mut Progress::default(), &standing(&plan, 0), &dead);
        assert_eq!(end, Transition::fail(FailureReason::InvalidRecipient));
    }

    #[test]
    fn an_unknown_end_obeys_the_policy_and_never_fails_over_by_itself() {
        let open = Choice::Wait(vec![provider()]);
        let resend = plan(OnUnknown::Resend);
        let mut progress = Progress::default();
        let again = after(&Outcome::Ambiguous, &mut progress, &standing(&resend, 0), &open);
        assert_eq!(again.to(), Status::Retrying);
        assert_eq!(progress.only, Some((0, provider())));
        let hold = plan(OnUnknown::Hold);
        let held = after(&Outcome::Ambiguous, &mut Progress::default(), &standing(&hold, 0), &open);
        assert_eq!((held.to(), held.due_at()), (Status::Pending, None));
        let fail = plan(OnUnknown::Fail);
        let failed = after(&Outcome::Ambiguous, &mut Progress::default(), &standing(&fail, 0), &open);
        assert_eq!(failed.failure(), Some(FailureReason::InDoubt));
        let mut willing = plan(OnUnknown::Resend);
        willing.failover_on_unknown = true;
        let over = after(&Outcome::Ambiguous, &mut Progress::default(), &standing(&willing, 0), &open);
        assert_eq!(over.event(), "failed_over");
    }

    #[test]
    fn a_run_that_died_is_sent_again_at_once_but_not_for_ever() {
        let plan = plan(OnUnknown::Resend);
        let mut progress = Progress::default();
        for _ in 1..MAX_INTERRUPTIONS {
            assert_eq!(interrupted(1, Some(provider()), &mut progress, &plan), Transition::interrupted());
        }
        assert_eq!((progress.channel, progress.only), (1, Some((1, provider()))));
        let end = interrupted(1, Some(provider()), &mut progress, &plan);
        assert_eq!(end.failure(), Some(FailureReason::CrashLoop));
    }

    #[test]
    fn a_retry_after_the_expiry_fails_now() {
        let plan = plan(OnUnknown::Resend);
        let mut late = standing(&plan, 0);
        late.expires_at = Some(late.now + TimeDelta::seconds(5));
        let end = after(&Outcome::Transient, &mut Progress::default(), &late, &Choice::Spent);
        assert_eq!(end.failure(), Some(FailureReason::Expired));
    }

    proptest! {
        /// R8: whatever the seed, the retry times of a notification follow its published schedule.
        #[test]
        fn retry_times_follow_the_schedule(seed: u64, name in prop::sample::select(vec!["standard", "urgent", "fixed", "exponential"])) {
            let mut plan = plan(OnUnknown::Resend);
            plan.retry = RetryPolicy::builtin(name).unwrap();
            let mut rng = StdRng::seed_from_u64(seed);
            let mut now = Timestamp::default();
            let mut waits = Vec::new();
            let end = loop {
                let standing = Standing { plan: &plan, retry_count: u32::try_from(waits.len()).unwrap(), expires_at: None, now };
                let mut progress = Progress { cost: true, ..Progress::default() };
                let next = end_cycle(&mut progress, &standing, None, "transient", &mut rng);
                let Some(at) = next.due_at() else { break next };
                waits.push((at - now).as_seconds_f64());
                now = at;
            };
            prop_assert_eq!(end.failure(), Some(FailureReason::Exhausted));
            prop_assert_eq!(waits.len(), plan.retry.max_retries() as usize);
            for (n, wait) in (1u32..).zip(&waits) {
                let published = plan.retry.delay(n).unwrap().as_secs_f64();
                prop_assert!((wait / published - 1.0).abs() <= 0.1001, "retry {}: {} against {}", n, wait, published);
            }
        }
    }
}
