//! The lines of an overview: of providers, of the work in front of them, of webhooks, and what was measured of all.

use super::Next;
use crate::session::Room;
use crate::verbs::queue::state;
use crate::verbs::shared::stands;
use notify_proto::overview::{
    ChannelLine, LatencyLine, Percentiles, ProviderLine, QueueLine, TREND_STEP_MS, Trends, WebhookLine,
};
use notify_proto::{Channel, LatencyKind, ProviderId, SharedQueue, Timestamp};
use notifyd_engine::{Figures, ProviderFigures, Quantiles, Queue};
use notifyd_store::Provider;
use notifyd_store::webhooks::{Endpoints, Tally, Webhook};
use std::cmp::Reverse;
use std::collections::HashMap;

/// Longest address that is shown, characters.
const MAX_URL: usize = 80;

/// What lines are made of.
pub(super) struct Lines<'a> {
    pub(super) room: &'a Room,
    pub(super) figures: &'a Figures,
    pub(super) queues: HashMap<ProviderId, Queue>,
    pub(super) on_disk: &'a HashMap<ProviderId, u64>,
    pub(super) arriving: HashMap<ProviderId, f64>,
    pub(super) now: Timestamp,
    pub(super) tallies: HashMap<i64, Tally>,
    /// Why circuits are not closed, as far as that was come across.
    pub(super) circuits: Vec<(String, Option<String>)>,
}

impl Lines<'_> {
    /// A provider.
    pub(super) fn provider(&mut self, it: &Provider) -> ProviderLine {
        let state = self.room.deps.engine.provider_state(it.id);
        let figures = self.figures.providers.get(&it.id).cloned().unwrap_or_default();
        let [calls, errors, throttled] = figures.lately;
        let (last_error_at, last_error) = figures.last_error.unzip();
        if state.circuit != "closed" {
            self.circuits.push((it.name.clone(), state.reason));
        }
        ProviderLine {
            name: it.name.clone(),
            channels: it.channels.iter().map(|channel| (*channel).into()).collect(),
            active: it.active,
            simulated: it.simulated,
            priority: it.priority,
            circuit: state.circuit.to_owned(),
            circuit_since: state.since,
            circuit_until: state.probe_at.map(to_second),
            throttled_until: state.throttled_until.map(to_second),
            calls,
            ok_share: share(calls.saturating_sub(errors), calls),
            calls_per_second: tenth(figures.calls_per_second),
            throttled_per_second: tenth(per_second(throttled)),
            busy: state.in_flight,
            limit: self.limit(it),
            call_ms: percentiles(&figures.call),
            last_error,
            last_error_at,
            trend: tenths(&figures.calls_trend),
        }
    }

    fn limit(&self, it: &Provider) -> u32 {
        let directory = self.room.deps.store.directory();
        let forced = directory.holds_on(it.id, self.now).filter_map(|hold| hold.limit).min();
        forced.unwrap_or(u32::MAX).min(it.max_in_flight)
    }

    /// The line of work in front of a provider.
    pub(super) fn queue(&self, it: &Provider) -> QueueLine {
        let queue = self.queues.get(&it.id).copied().unwrap_or_default();
        let engine = self.room.deps.engine.provider_state(it.id);
        let none = ProviderFigures::default();
        let figures = self.figures.providers.get(&it.id).unwrap_or(&none);
        let on_disk = self.on_disk.get(&it.id).copied().unwrap_or(0);
        let [calls, errors, _] = figures.lately;
        QueueLine {
            name: it.name.clone(),
            provider: true,
            state: state(it, &self.room.holds_on(it), &engine).to_owned(),
            ready: queue.waiting + on_disk,
            on_disk,
            busy: queue.in_flight,
            limit: Some(self.limit(it)),
            later: 0,
            oldest_at: queue.oldest,
            next_at: None,
            in_per_second: tenth(self.arriving.get(&it.id).copied().unwrap_or(0.0)),
            out_per_second: tenth(figures.calls_per_second),
            error_share: share(errors, calls),
            wait_ms: percentiles(&figures.wait),
            trend: tenths(&figures.ready_trend),
        }
    }

    /// A queue that no provider stands behind.
    pub(super) fn shared(&self, queue: SharedQueue, next: Next) -> QueueLine {
        let of = stands(self.room, self.figures, next, queue, self.now);
        let (leaving, arriving) = of.rates;
        let wait_ms = match queue {
            SharedQueue::Webhooks => percentiles(&self.figures.latencies.ack),
            SharedQueue::Retries | SharedQueue::Scheduled => Percentiles::default(),
        };
        QueueLine {
            name: queue.to_string(),
            state: of.state.to_owned(),
            ready: of.ready,
            later: of.later,
            oldest_at: of.late_since,
            next_at: of.next_at,
            in_per_second: tenth(arriving),
            out_per_second: tenth(leaving),
            busy: of.busy,
            limit: of.limit,
            wait_ms,
            ..QueueLine::default()
        }
    }

    /// So many webhooks, those that need a look first.
    pub(super) fn webhooks(&self, endpoints: &Endpoints, most: usize) -> Vec<WebhookLine> {
        let mut all: Vec<_> = endpoints.all().collect();
        let tally = |it: &Webhook| self.tallies.get(&it.no).copied().unwrap_or_default();
        all.sort_by_cached_key(|it| (rank(it), Reverse(tally(it).owed()), it.no));
        all.truncate(most);
        all.into_iter().map(|it| self.webhook(it, tally(it))).collect()
    }

    fn webhook(&self, it: &Webhook, tally: Tally) -> WebhookLine {
        let directory = self.room.deps.store.directory();
        let figures = self.figures.webhooks.get(&it.no).cloned().unwrap_or_default();
        let [tries, acks] = figures.lately;
        let [told, taken] = &figures.trends;
        let percent =
            |(told, taken): (&f64, &f64)| (*told > 0.0).then(|| tenth((taken / told * 100.0).min(100.0)));
        WebhookLine {
            id: it.id.to_string(),
            service: directory.service_no(it.service).map(|it| it.name.clone()).unwrap_or_default(),
            url: it.settings.url.chars().take(MAX_URL).collect(),
            state: ["disabled", "failing", "ok", "off"][rank(it)].to_owned(),
            failing_since: it.failing_since,
            tries,
            ack_share: share(acks, tries),
            nacks: tries.saturating_sub(acks),
            waiting: tally.owed(),
            retrying: tally.retrying,
            failed: tally.failed,
            acks_per_second: tenth(figures.acks_per_second),
            ack_ms: percentiles(&figures.ack),
            last_code: figures.last.and_then(|(_, code)| code),
            last_at: figures.last.map(|(at, _)| at),
            trend: told.iter().zip(taken).map(percent).collect(),
        }
    }
}

/// How much a webhook needs a look, the most first.
fn rank(it: &Webhook) -> usize {
    match (it.fault.is_some(), it.settings.active, it.failing_since.is_some()) {
        (true, ..) => 0,
        (_, false, _) => 3,
        (_, _, true) => 1,
        (_, _, false) => 2,
    }
}

/// How long things took.
pub(super) fn latency(figures: &Figures) -> Vec<LatencyLine> {
    let of = &figures.latencies;
    let all = [&of.wait, &of.call, &of.deliver, &of.ack];
    let lines = LatencyKind::ALL.iter().zip(all).zip(&figures.pace.p99s);
    lines
        .map(|((kind, ms), p99s)| LatencyLine {
            kind: (*kind).into(),
            ms: percentiles(ms),
            trend: p99s.iter().map(|it| it.map(tenth)).collect(),
        })
        .collect()
}

/// The same of each channel.
pub(super) fn channels(figures: &Figures) -> Vec<ChannelLine> {
    let line = |(channel, all): &(Channel, [Quantiles; 3])| {
        let [wait_ms, call_ms, deliver_ms] = all.map(|it| percentiles(&it));
        ChannelLine { channel: (*channel).into(), wait_ms, call_ms, deliver_ms }
    };
    figures.channels.iter().map(line).collect()
}

/// How the whole was.
pub(super) fn trends(figures: &Figures) -> Trends {
    let of = |n: usize| figures.trends.get(n).map(|it| tenths(it)).unwrap_or_default();
    let (told, acks) = (of(8), of(9));
    let percent = |(told, acks): (&f64, &f64)| (*told > 0.0).then(|| tenth((acks / told * 100.0).min(100.0)));
    Trends {
        step_ms: TREND_STEP_MS,
        accepted: of(0),
        delivered: of(1),
        failed: of(2),
        ready: of(4),
        retrying: of(5),
        busy: of(7),
        ack: told.iter().zip(&acks).map(percent).collect(),
    }
}

/// What was measured, as it is told.
pub(in crate::verbs) fn percentiles(of: &Quantiles) -> Percentiles {
    let [p50, p95, p99, max] = of.ms.map(|ms| ms.map(|it| Some(tenth(it)))).unwrap_or_default();
    Percentiles { count: of.count, p50, p95, p99, max }
}

/// A part of a whole, 0 to 1; none of nothing.
pub(super) fn share(part: u64, whole: u64) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "what is counted in minutes")]
    (whole > 0).then(|| ((part.min(whole) as f64 / whole as f64) * 10_000.0).round() / 10_000.0)
}

/// What was counted in five minutes, per second.
fn per_second(count: u64) -> f64 {
    #[expect(clippy::cast_precision_loss, reason = "what is counted in minutes")]
    let count = count as f64;
    count / 300.0
}

/// As precise as a screen shows it.
pub(super) fn tenth(value: f64) -> f64 {
    // Sums of what came and went leave a minus before nothing.
    (value * 10.0).round() / 10.0 + 0.0
}

pub(super) fn tenths(values: &[f64]) -> Vec<f64> {
    values.iter().copied().map(tenth).collect()
}

/// What is told to a second: it is reckoned from another clock each time, and would never be the same twice.
fn to_second(at: Timestamp) -> Timestamp {
    let millis = at.timestamp_millis();
    Timestamp::from_timestamp_millis((millis + 500).div_euclid(1_000) * 1_000).unwrap_or(at)
}
