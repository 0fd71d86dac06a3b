//! Each provider's free slots, circuit breaker and pace, and what operators force on it.

mod standing;

use crate::holds::Holds;
use crate::{Inner, StoreError};
use notify_proto::hold::Force;
use notify_proto::{ProviderId, Severity, SkipReason};
use notifyd_lifecycle::breaker::{Breaker, BreakerRules, Change, Circuit, Era};
use notifyd_lifecycle::candidate::Gate;
use notifyd_lifecycle::outcome::{Outcome, Report};
use notifyd_lifecycle::pacing::Pace;
use notifyd_providers::Provider;
use notifyd_store::Directory;
use notifyd_store::directory::Provider as Row;
use prometheus::IntGauge;
use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// One in so many slots is kept for urgent work, while there is any.
const KEPT_OF: u32 = 16;

/// How long slots are kept for urgent work after the last of it.
const KEPT_FOR: Duration = Duration::from_secs(60);

/// One for so many slots is claimed ahead of them, so that a slot stands empty for no commit. With calls of 51 ms a quarter
/// made 610 calls a second of 32 slots where none made 570 to 600; a half and as many again made no more.
const SPARE_OF: u32 = 4;

/// Nothing is claimed ahead for a provider whose calls take longer: an empty slot costs it little, and who is claimed ahead
/// cannot go elsewhere.
const SOON: Duration = Duration::from_millis(250);

/// A new call counts for one in so many of the usual time of a call.
const CALLS_TO_LEARN: u32 = 8;

/// One provider at work.
pub(crate) struct Slot {
    /// What makes the calls; the problem, when it could not be built from its settings.
    pub client: Result<Arc<dyn Provider>, String>,
    pub row: Arc<Row>,
    /// Whether it was removed: nothing begins any more, and it goes with its last call.
    gone: bool,
    /// What is claimed for it, until its outcome is recorded.
    claimed: u32,
    /// Those of them whose call has begun and was not answered yet.
    begun: u32,
    /// Those of them that were answered already.
    answered: u32,
    /// Calls under way, until their outcome is recorded; shared with the handles, who want to know it at any moment.
    in_flight: Arc<AtomicU32>,
    /// The same for the metrics.
    gauge: IntGauge,
    /// How long a call usually takes, once there was one.
    call_time: Option<Duration>,
    /// Until when some of its slots are kept for urgent work.
    keeps_until: Option<Instant>,
    breaker: Breaker,
    pace: Pace,
}

impl Slot {
    /// Calls under way, until their outcome is recorded.
    fn in_flight(&self) -> u32 {
        self.begun + self.answered
    }

    /// What is not answered yet, begun or not.
    fn unanswered(&self) -> u32 {
        self.claimed.saturating_sub(self.answered)
    }

    /// Lets handles and metrics see how many calls are under way.
    fn count(&self) {
        self.in_flight.store(self.in_flight(), Ordering::Release);
        self.gauge.set(self.in_flight().into());
    }

    /// Takes over settings that its client does not care for.
    fn follow(&mut self, row: &Arc<Row>, inner: &Inner, now: Instant) {
        if self.row.name != row.name {
            self.gauge = inner.metrics.in_flight_of(&row.name);
            self.count();
        }
        if (self.row.rate_per_second, self.row.burst) != (row.rate_per_second, row.burst) {
            self.pace.set_limits(row.rate_per_second, row.burst, now);
        }
        self.row = Arc::clone(row);
    }
}

/// Which call of a provider it is: what becomes of it says nothing about a client that took the place of the one that makes
/// it, nor about a circuit that has opened or closed since.
#[derive(Debug, Clone, Copy)]
pub(crate) struct CallOf {
    /// Of whom.
    pub provider: ProviderId,
    client: i64,
    era: Era,
}

/// All of them.
#[derive(Default)]
pub(crate) struct Slots {
    all: HashMap<ProviderId, Slot>,
    directory: Arc<Directory>,
    holds: Holds,
    opened: bool,
}

impl Slots {
    /// Takes over changed settings. A provider is built anew only when what its client is built from changed; all else
    /// leaves its circuit breaker, what its pace has learned and its calls under way alone.
    pub(crate) async fn refresh(&mut self, inner: &Inner, now: Instant) -> Result<bool, StoreError> {
        let directory = inner.deps.store.directory();
        if Arc::ptr_eq(&directory, &self.directory) {
            return Ok(false);
        }
        for (id, slot) in &mut self.all {
            let row = directory.provider(*id);
            // Once: its name may be another one's by now.
            if !slot.gone && row.is_none_or(|row| row.name != slot.row.name) {
                inner.metrics.forget_provider(&slot.row.name);
            }
            slot.gone = row.is_none();
        }
        // First, as it needs nothing that could fail.
        self.holds.refresh(&directory, (inner.deps.clock.now(), now));
        for row in directory.providers() {
            match self.all.get_mut(&row.id) {
                Some(slot) if slot.row.client == row.client => slot.follow(row, inner, now),
                existing => {
                    let secret = match inner.deps.store.provider_secret(row.id).await {
                        Err(StoreError::Seal(problem)) => Err(problem),
                        // It could not be read now; the next look tries again.
                        Err(error) => return Err(error),
                        Ok(secret) => Ok(secret),
                    };
                    let client = secret.and_then(|secret| {
                        let context = inner.context.of(row.id);
                        notifyd_providers::build(&row.kind, &row.config, secret.as_ref(), &context)
                            .map_err(|error| error.to_string())
                    });
                    if let Err(error) = &client {
                        tracing::error!(provider = %row.name, %error, "provider cannot be used");
                    }
                    let (claimed, begun, answered, keeps_until) =
                        existing.as_ref().map_or((0, 0, 0, None), |slot| {
                            (slot.claimed, slot.begun, slot.answered, slot.keeps_until)
                        });
                    let slot = Slot {
                        client,
                        claimed,
                        begun,
                        answered,
                        call_time: None,
                        keeps_until,
                        row: Arc::clone(row),
                        gone: false,
                        gauge: inner.metrics.in_flight_of(&row.name),
                        in_flight: existing.map(|slot| Arc::clone(&slot.in_flight)).unwrap_or_default(),
                        breaker: Breaker::new(inner.options.load().breaker),
                        pace: Pace::new(row.rate_per_second, row.burst, now),
                    };
                    self.all.insert(row.id, slot);
                }
            }
        }
        self.all.retain(|_, slot| !slot.gone || slot.claimed > 0);
        self.directory = directory;
        self.opened = true;
        self.publish(inner, now);
        Ok(true)
    }

    /// Takes over changed rules for all circuit breakers, as they stand.
    pub(crate) fn set_breakers(&mut self, rules: BreakerRules) {
        for slot in self.all.values_mut() {
            slot.breaker.set_rules(rules);
        }
    }

    pub(crate) fn directory(&self) -> &Directory {
        &self.directory
    }

    pub(crate) fn get(&self, id: ProviderId) -> Option<&Slot> {
        self.all.get(&id)
    }

    /// Whether a candidate may be called now, for work that is urgent or not.
    pub(crate) fn gate(&self, id: ProviderId, urgent: bool, now: Instant) -> Gate {
        let Some(slot) = self.all.get(&id).filter(|slot| slot.row.active && !slot.gone) else {
            return Gate::Closed(SkipReason::Disabled);
        };
        if let Some((reason, _)) = self.holds.closes(id, now) {
            return Gate::Closed(reason);
        }
        if slot.client.is_err() || !slot.breaker.admits(now) {
            return Gate::Closed(SkipReason::BreakerOpen);
        }
        if slot.pace.paused(now).is_some() {
            return Gate::Closed(SkipReason::RateLimited);
        }
        if self.is_full(slot, urgent, now) || slot.pace.ready_at(now) > now {
            return Gate::Busy;
        }
        Gate::Open
    }

    /// Whether all is claimed for a provider that may be. Who has answered makes room for the next one, which is claimed
    /// in the transaction that records the answer; but what is not recorded has a bound as well.
    fn is_full(&self, slot: &Slot, urgent: bool, now: Instant) -> bool {
        let claimable = self.callable(slot, urgent, now).saturating_add(self.spare(slot, now));
        slot.unanswered() >= claimable || slot.claimed >= self.most(slot, now).saturating_mul(2)
    }

    /// Whether a claimed call may begin, for work that is urgent or not.
    pub(crate) fn has_room(&self, id: ProviderId, urgent: bool, now: Instant) -> bool {
        self.all.get(&id).is_some_and(|slot| slot.begun < self.callable(slot, urgent, now))
    }

    /// Calls that work which is urgent or not may have under way.
    fn callable(&self, slot: &Slot, urgent: bool, now: Instant) -> u32 {
        self.most(slot, now) - if urgent { 0 } else { self.kept(slot, now) }
    }

    /// What may be claimed before there is room for its call.
    fn spare(&self, slot: &Slot, now: Instant) -> u32 {
        let soon =
            slot.call_time.is_some_and(|it| it <= SOON) && slot.breaker.circuit(now) == Circuit::Closed;
        if soon { self.most(slot, now) / SPARE_OF } else { 0 }
    }

    /// Slots that work which is not urgent leaves free: it comes in bulk and takes all there are, and who waits for a code
    /// would wait for one of its calls to end.
    fn kept(&self, slot: &Slot, now: Instant) -> u32 {
        if slot.keeps_until.is_some_and(|until| until > now) { self.most(slot, now) / KEPT_OF } else { 0 }
    }

    /// There is urgent work for these.
    pub(crate) fn keep_for_urgent(&mut self, ids: &[ProviderId], now: Instant) {
        for id in ids {
            if let Some(slot) = self.all.get_mut(id) {
                slot.keeps_until = Some(now + KEPT_FOR);
            }
        }
    }

    /// Calls that a provider may have under way at most.
    fn most(&self, slot: &Slot, now: Instant) -> u32 {
        self.holds.limit(slot.row.id, now).unwrap_or(u32::MAX).min(slot.row.max_in_flight)
    }

    /// Calls under way of each provider.
    pub(crate) fn in_flight(&self) -> impl Iterator<Item = (ProviderId, u32)> {
        self.all.iter().map(|(id, slot)| (*id, slot.in_flight()))
    }

    /// Forces the circuit breaker of a provider by an operator's hand.
    pub(crate) fn force(&mut self, id: ProviderId, to: Force, inner: &Inner, now: Instant) {
        let Some(slot) = self.all.get_mut(&id) else { return };
        match to {
            Force::HalfOpen => slot.breaker.half_open(),
            Force::Closed => slot.breaker.reset(),
        }
        let provider = slot.row.name.as_str();
        tracing::info!(
            event = "provider_circuit_forced",
            provider,
            to = to.as_str(),
            "circuit forced by hand"
        );
        self.opened = true;
        self.publish(inner, now);
    }

    /// Whether something may have opened since this was asked last, other than by the passing of time.
    pub(crate) const fn take_opened(&mut self) -> bool {
        std::mem::replace(&mut self.opened, false)
    }

    /// Takes a slot, when there is such a provider and it can be called.
    pub(crate) fn take(
        &mut self,
        id: ProviderId,
        inner: &Inner,
        now: Instant,
    ) -> Option<(CallOf, Arc<dyn Provider>)> {
        let slot = self.all.get_mut(&id)?;
        let client = slot.client.as_ref().ok().map(Arc::clone)?;
        slot.claimed += 1;
        let era = slot.breaker.start(now);
        slot.pace.take(now);
        inner.in_flight.fetch_add(1, Ordering::AcqRel);
        Some((CallOf { provider: id, client: slot.row.client, era }, client))
    }

    /// A call begins.
    pub(crate) fn begun(&mut self, id: ProviderId) {
        if let Some(slot) = self.all.get_mut(&id) {
            slot.begun += 1;
            slot.count();
        }
    }

    /// A call was answered after some time, which is recorded next.
    pub(crate) fn answered(&mut self, id: ProviderId, elapsed: Duration) {
        if let Some(slot) = self.all.get_mut(&id) {
            slot.begun = slot.begun.saturating_sub(1);
            slot.answered += 1;
            let usual = slot.call_time.unwrap_or(elapsed);
            slot.call_time = Some((usual * (CALLS_TO_LEARN - 1) + elapsed) / CALLS_TO_LEARN);
        }
    }

    /// A call that was claimed never began, for which it waited so long; that is recorded next.
    pub(crate) fn unsent(&mut self, id: ProviderId, waited: Duration) {
        if let Some(slot) = self.all.get_mut(&id) {
            slot.answered += 1;
            // Those before it take at least as long: nobody else is claimed to wait for them.
            slot.call_time = slot.call_time.map(|usual| usual.max(waited));
        }
    }

    /// What was answered is recorded.
    pub(crate) fn recorded(&mut self, id: ProviderId, inner: &Inner) {
        if let Some(slot) = self.all.get_mut(&id) {
            slot.answered = slot.answered.saturating_sub(1);
            slot.count();
        }
        self.free(id, inner);
    }

    /// Frees a slot.
    pub(crate) fn free(&mut self, id: ProviderId, inner: &Inner) {
        if let Some(slot) = self.all.get_mut(&id) {
            slot.claimed = slot.claimed.saturating_sub(1);
            inner.in_flight.fetch_sub(1, Ordering::AcqRel);
            if slot.gone && slot.claimed == 0 {
                self.all.remove(&id);
            }
        }
    }

    /// The call was not made after all.
    pub(crate) fn abandon(&mut self, call: CallOf, inner: &Inner) {
        self.learn_nothing(call);
        self.free(call.provider, inner);
    }

    /// What the provider said to this client teaches its breaker and its pace. What was said to a client that was
    /// replaced meanwhile, such as that its password is wrong, says nothing about the new one; nor does what only the
    /// recipient's own place said.
    pub(crate) fn learn(
        &mut self,
        call: CallOf,
        report: &Report,
        cause: Option<&str>,
        inner: &Inner,
        now: Instant,
    ) {
        let Some(slot) = of(&mut self.all, call) else { return };
        // A probe that learned nothing leaves room for the next one, without a change.
        self.opened |= slot.breaker.circuit(now) != Circuit::Closed;
        let Some(outcome) = report.lesson() else {
            slot.breaker.abandon(call.era);
            return;
        };
        match outcome {
            Outcome::RateLimited { after } => {
                slot.pace.throttled(*after, now);
                inner.metrics.rate_limited.with_label_values(&[slot.row.name.as_str()]).inc();
            }
            Outcome::Accepted { .. } => slot.pace.succeeded(),
            _ => {}
        }
        let change = slot.breaker.finish(call.era, outcome, cause, now);
        let throttled = matches!(outcome, Outcome::RateLimited { .. });
        match change {
            Some(Change::Opened) => {
                let reason = slot.breaker.cause().unwrap_or(outcome.class()).to_owned();
                tracing::warn!(event = "provider_circuit_open", provider = %slot.row.name, reason, "circuit opened");
                standing::remark(inner, "circuit_open", Severity::Critical, &slot.row.name, Some(reason));
            }
            Some(Change::Closed) => {
                tracing::info!(event = "provider_circuit_closed", provider = %slot.row.name, "circuit closed");
                standing::remark(inner, "circuit_closed", Severity::Info, &slot.row.name, None);
            }
            None if throttled => {}
            None => return,
        }
        self.publish(inner, now);
    }

    /// The call was not made after all, but its slot is freed only by its record.
    pub(crate) fn learn_nothing(&mut self, call: CallOf) {
        if let Some(slot) = of(&mut self.all, call) {
            slot.breaker.abandon(call.era);
            self.opened = true;
        }
    }

    /// The next moment at which a closed gate may open by itself.
    pub(crate) fn next_opening(&self, now: Instant) -> Option<Instant> {
        let paced = self.all.values().map(|slot| slot.pace.ready_at(now)).filter(|at| *at > now);
        paced.chain(self.next_reopening(now)).min()
    }

    /// The next moment at which a closed provider opens by itself.
    pub(crate) fn next_reopening(&self, now: Instant) -> Option<Instant> {
        let moments = self.all.values().flat_map(|slot| {
            let breaker = match slot.breaker.circuit(now) {
                Circuit::Open { until } => Some(until),
                Circuit::Closed | Circuit::HalfOpen { .. } => None,
            };
            [breaker, slot.pace.paused(now)]
        });
        moments.flatten().chain(self.holds.next_end(now)).min()
    }
}

/// Whom a call is made through, unless it has another client by now.
fn of(all: &mut HashMap<ProviderId, Slot>, call: CallOf) -> Option<&mut Slot> {
    all.get_mut(&call.provider).filter(|slot| slot.row.client == call.client)
}
