//! How the providers stand, told to whoever asks and to those who watch.

use super::Slots;
use crate::Inner;
use crate::handle::Shown;
use notify_proto::{HoldKind, ObjectKind, ProviderId, Severity, SkipReason};
use notifyd_lifecycle::breaker::Circuit;
use notifyd_lifecycle::candidate::Gate;
use notifyd_store::feed::Remark;
use std::sync::{Arc, PoisonError};
use std::time::Instant;

/// Whether a provider may be called now, for a person.
pub(crate) struct Standing {
    pub gate: Gate,
    pub why: Option<String>,
    pub since: Option<Instant>,
    pub until: Option<Instant>,
}

impl Slots {
    /// The same with what a person wants to know besides.
    pub(crate) fn standing(&self, id: ProviderId, now: Instant) -> Standing {
        let gate = self.gate(id, false, now);
        let mut standing = Standing { gate, why: None, since: None, until: None };
        let Some(slot) = self.all.get(&id) else { return standing };
        if gate == Gate::Closed(SkipReason::Disabled) {
            standing.until = self.holds.switched_until(id, now);
            return standing;
        }
        let cause = || slot.breaker.cause().map(str::to_owned);
        if let Some((_, until)) = self.holds.closes(id, now) {
            standing.why = Some("an operator has it held; see notifyctl queue hold list".into());
            standing.until = until;
            return standing;
        }
        match gate {
            Gate::Closed(SkipReason::BreakerOpen) => match (&slot.client, slot.breaker.circuit(now)) {
                (Err(problem), _) => standing.why = Some(format!("it cannot be used: {problem}")),
                (Ok(_), circuit) => {
                    standing.why = cause();
                    standing.since = slot.breaker.opened_at();
                    if let Circuit::Open { until } = circuit {
                        standing.until = Some(until);
                    } else {
                        standing.why = Some("a probe is under way".into());
                    }
                }
            },
            Gate::Closed(SkipReason::RateLimited) => {
                standing.why = Some("it asked to be left alone".into());
                standing.until = slot.pace.paused(now);
            }
            Gate::Busy if self.is_full(slot, false, now) => {
                let (under_way, most) = (slot.begun, self.most(slot, now));
                let kept = match self.kept(slot, now) {
                    0 => String::new(),
                    kept => format!(", {kept} of which are kept for urgent work"),
                };
                standing.why = Some(format!("{under_way} calls are under way, of at most {most}{kept}"));
            }
            Gate::Busy => {
                standing.why = Some("its rate is reached".into());
                standing.until = Some(slot.pace.ready_at(now));
            }
            Gate::Open if slot.breaker.circuit(now) != Circuit::Closed => {
                standing.why = Some("its circuit is half-open: the next call is a probe".into());
                standing.since = slot.breaker.opened_at();
            }
            Gate::Open | Gate::Closed(_) => {}
        }
        standing
    }

    /// Lets handles see how the providers are doing.
    pub(crate) fn publish(&self, inner: &Inner, now: Instant) {
        let mut shown = inner.providers.lock().unwrap_or_else(PoisonError::into_inner);
        let before = std::mem::take(&mut *shown);
        let mut news = Vec::new();
        let wall = inner.deps.clock.now();
        for (id, slot) in self.all.iter().filter(|(_, slot)| !slot.gone) {
            let (circuit, reason) = match &slot.client {
                Err(problem) => ("open", Some(problem.clone())),
                Ok(_) => (slot.breaker.word(now), slot.breaker.cause().map(str::to_owned)),
            };
            let state = ["closed", "half_open", "open"].iter().position(|word| *word == circuit).unwrap_or(0);
            let gauge = inner.metrics.breaker.with_label_values(&[slot.row.name.as_str()]);
            gauge.set(i64::try_from(state).unwrap_or(0));
            slot.count();
            for kind in HoldKind::ALL {
                let held = inner.metrics.held.with_label_values(&[slot.row.name.as_str(), kind.as_str()]);
                held.set(self.holds.has(*id, *kind, now).into());
            }
            let rate = inner.metrics.provider_rate.with_label_values(&[slot.row.name.as_str()]);
            rate.set(slot.pace.rate());
            let throttled = inner.metrics.throttled.with_label_values(&[slot.row.name.as_str()]);
            throttled.set(slot.pace.paused(now).is_some().into());
            let probe_at = match slot.breaker.circuit(now) {
                Circuit::Open { until } => Some(until),
                Circuit::Closed | Circuit::HalfOpen { .. } => None,
            };
            let (throttled_until, learned_rate) = (slot.pace.paused(now), slot.pace.learned());
            let in_flight = Arc::clone(&slot.in_flight);
            let earlier = before.get(id);
            if circuit == "half_open" && earlier.is_some_and(|it| it.circuit != circuit) {
                news.push(("circuit_half_open", &slot.row.name, reason.clone()));
            }
            if throttled_until.is_some() && earlier.is_some_and(|it| it.throttled_until.is_none()) {
                let rate = learned_rate.map(|rate| format!("at most {rate:.1} calls a second from now on"));
                news.push(("throttled", &slot.row.name, rate));
            }
            let since = earlier.and_then(|it| it.since).unwrap_or(wall);
            let since = (circuit != "closed").then_some(since);
            let it = Shown { circuit, reason, probe_at, throttled_until, learned_rate, since, in_flight };
            shown.insert(*id, it);
        }
        drop(shown);
        for (event, name, detail) in news {
            remark(inner, event, Severity::Warning, name, detail);
        }
    }
}

/// Tells those who watch of a provider.
pub(super) fn remark(
    inner: &Inner,
    event: &'static str,
    severity: Severity,
    name: &str,
    detail: Option<String>,
) {
    inner.deps.store.feed().remark([Remark {
        at: inner.deps.clock.now(),
        event,
        severity,
        object: ObjectKind::Provider,
        id: name.to_owned(),
        actor: None,
        detail,
    }]);
}
