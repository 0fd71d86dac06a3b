//! How it was: 15 minutes by the second, 24 hours by the minute, of the whole, of each provider, of the webhooks that
//! were told last and of the services that moved last. Looked at once a second by a clock that nobody sets; a second that
//! was missed is filled in.

use crate::Inner;
use crate::measures::{MAX_PROVIDERS, MAX_WEBHOOKS, Measured, minute};
use crate::services;
use notify_proto::series::{MINUTES, SECONDS};
use notify_proto::{ProviderId, Status, Timestamp};
use std::collections::{BTreeMap, HashMap, VecDeque};
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(1);

/// The same while nothing moves.
const AT_REST: Duration = Duration::from_secs(60);

/// Minutes over which counters are told as "in the last five minutes".
const LATELY: usize = 5;

/// Minutes of an hour.
const HOUR: u8 = 60;

/// Points of a trend of latencies, a minute each.
const TREND: usize = 15;

/// Seconds that are remembered beyond those that are told: the span that goes on must not push out the oldest whole one.
const SPARE: u32 = 60;

/// How far the clock may drift from the steady one in a second before it counts as set.
const SET: i64 = 250;

/// Counters of the whole, in the order of [`OF_ALL`](notify_proto::series::OF_ALL) but for its gauges.
const COUNTERS: usize = 6;

/// Where [`OF_ALL`](notify_proto::series::OF_ALL) has its counters, and where its gauges.
const COUNTER_AT: [usize; COUNTERS] = [0, 1, 2, 3, 8, 9];
const GAUGE_AT: [usize; 4] = [4, 5, 6, 7];

/// Whose series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Of {
    /// The whole's.
    All,
    /// A provider's.
    Provider(ProviderId),
    /// A webhook's, by the store's number.
    Webhook(i64),
    /// A service's, by the store's number.
    Service(i64),
}

/// One series at both steps, the newest last.
#[derive(Default)]
struct Series {
    seconds: VecDeque<f32>,
    minutes: VecDeque<f32>,
    /// What the minute that goes on has so far.
    sum: f64,
    count: u16,
    /// Minutes that are whole, also those that are not kept any more.
    whole: u64,
}

impl Series {
    fn push(&mut self, value: f64, times: usize) {
        for _ in 0..times {
            keep(&mut self.seconds, value, (SECONDS + SPARE) as usize);
            self.sum += value;
            self.count += 1;
            if self.count == 60 {
                let mean = self.sum / 60.0;
                keep(&mut self.minutes, mean, MINUTES as usize);
                (self.sum, self.count) = (0.0, 0);
                self.whole += 1;
            }
        }
    }

    /// The mean of the last so many seconds.
    fn mean(&self, seconds: usize) -> f64 {
        let count = self.seconds.len().min(seconds).max(1);
        #[expect(clippy::cast_precision_loss, reason = "at most 900")]
        let count = count as f64;
        self.seconds.iter().rev().take(seconds).map(|it| f64::from(*it)).sum::<f64>() / count
    }

    /// Means of spans of so many minutes, at most so many spans, the newest last: that has the minutes it has so far.
    fn means_of_minutes(&self, span: usize, most: usize) -> Vec<f64> {
        let open = match usize::try_from(self.whole % span as u64) {
            Ok(0) | Err(_) => span,
            Ok(open) => open,
        };
        // Of a day only what is shown: there are many webhooks, and somebody looks every second.
        let shown = open + span * most.saturating_sub(1);
        let skip = self.minutes.len().saturating_sub(shown);
        let all: Vec<f64> = self.minutes.iter().skip(skip).map(|it| f64::from(*it)).collect();
        let (before, newest) = all.split_at(all.len().saturating_sub(open));
        #[expect(clippy::cast_precision_loss, reason = "minutes of an hour")]
        let mean = |of: &[f64]| of.iter().sum::<f64>() / of.len() as f64;
        let spans = std::iter::once(newest).filter(|it| !it.is_empty()).chain(before.rchunks(span));
        let mut means: Vec<f64> = spans.take(most).map(mean).collect();
        means.reverse();
        means
    }

    /// Means of spans of so many seconds, at most so many spans, the newest last and whole: without the last seconds, of a
    /// span that goes on.
    fn means(&self, span: usize, most: usize, open: usize) -> Vec<f64> {
        let whole = self.seconds.len().saturating_sub(open);
        let all: Vec<f64> = self.seconds.iter().take(whole).map(|it| f64::from(*it)).collect();
        #[expect(clippy::cast_precision_loss, reason = "at most 900")]
        let mut means: Vec<f64> =
            all.rchunks_exact(span).take(most).map(|it| it.iter().sum::<f64>() / span as f64).collect();
        means.reverse();
        means
    }
}

fn keep(ring: &mut VecDeque<f32>, value: f64, most: usize) {
    if ring.len() == most {
        ring.pop_front();
    }
    #[expect(clippy::cast_possible_truncation, reason = "what a chart shows")]
    ring.push_back(value as f32);
}

/// The series of one thing, and what its counters were at the turn of each of the last minutes.
struct Entity<const N: usize> {
    series: [Series; N],
    marks: VecDeque<[u64; 3]>,
    last: [u64; 3],
}

impl<const N: usize> Default for Entity<N> {
    fn default() -> Self {
        Self {
            series: std::array::from_fn(|_| Series::default()),
            marks: VecDeque::from([[0; 3]]),
            last: [0; 3],
        }
    }
}

impl<const N: usize> Entity<N> {
    /// What was counted since five minutes ago, at most six.
    fn lately(&self, now: [u64; 3]) -> [u64; 3] {
        let since = self.marks.front().copied().unwrap_or_default();
        std::array::from_fn(|n| now[n].saturating_sub(since[n]))
    }

    fn mark(&mut self) {
        if self.marks.len() > LATELY {
            self.marks.pop_front();
        }
        self.marks.push_back(self.last);
    }

    /// What was counted per second since the last look.
    fn rates(&mut self, now: [u64; 3], seconds: f64) -> [f64; 3] {
        let last = std::mem::replace(&mut self.last, now);
        #[expect(clippy::cast_precision_loss, reason = "what is counted in a second")]
        std::array::from_fn(|n| now[n].saturating_sub(last[n]) as f64 / seconds)
    }
}

/// What was looked at.
struct Look {
    steady: Duration,
    wall: Timestamp,
    counters: [u64; COUNTERS],
    gauges: [u64; 4],
    /// Calls, errors, throttled; ready and busy.
    providers: Vec<(ProviderId, [u64; 3], [u64; 2])>,
    /// Told and acknowledged.
    webhooks: Vec<(i64, [u64; 3])>,
    /// Accepted.
    services: Vec<(i64, [u64; 3])>,
    /// 99 in 100 of the minute before this one.
    p99s: [Option<f64>; 4],
}

/// What was, and what it was at the last look.
#[derive(Default)]
pub(crate) struct History(Mutex<Past>);

#[derive(Default)]
pub(crate) struct Past {
    /// When the last look was, by both clocks.
    at: Option<(Duration, Timestamp)>,
    all: [Series; COUNTERS + 4],
    /// Seconds that were told so far: where the spans of a trend begin and end, so that its points stand still in between.
    told: u64,
    last: [u64; COUNTERS],
    gauges: [u64; 4],
    /// What died in each minute of the hour before this run.
    before: BTreeMap<u64, u64>,
    /// The counters at the turn of each minute of the last hour.
    hours: VecDeque<[u64; COUNTERS]>,
    providers: HashMap<ProviderId, Entity<4>>,
    webhooks: HashMap<i64, Entity<2>>,
    services: HashMap<i64, Entity<1>>,
    p99s: [VecDeque<Option<f64>>; 4],
    /// When the clock was set last, and by how many milliseconds.
    set: Option<(Timestamp, i64)>,
}

/// How fast the whole moves, each per second over the last minute, and what of it was lately.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Pace {
    /// In the order of [`OF_ALL`](notify_proto::series::OF_ALL).
    pub means: [f64; COUNTERS + 4],
    /// Given up in the last hour, also before this run, as far as the log was looked through for that.
    pub failed_1h: u64,
    /// Tries to tell webhooks in the last five minutes, and those that were taken.
    pub told: (u64, u64),
    /// When the clock was set last, and by how many milliseconds.
    pub clock_set: Option<(Timestamp, i64)>,
    /// 99 in 100, a minute each, in the order of [`Latencies`](crate::Latencies).
    pub p99s: [Vec<Option<f64>>; 4],
}

impl History {
    pub(crate) fn lock(&self) -> MutexGuard<'_, Past> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Past {
    fn take(&mut self, look: Look) {
        let Look { steady, wall, counters, gauges, providers, webhooks, services, p99s } = look;
        self.gauges = gauges;
        let Some((before, wall_before)) = self.at.replace((steady, wall)) else {
            // There is nothing to compare with yet. What was counted by now is of the last minutes all the same.
            self.last = counters;
            self.hours.push_back([0; COUNTERS]);
            return;
        };
        let passed = steady.saturating_sub(before);
        let jump = (wall - wall_before).num_milliseconds() - i64::try_from(passed.as_millis()).unwrap_or(0);
        if jump.abs() > SET {
            self.set = Some((wall, jump));
        }
        let seconds = passed.as_secs_f64().max(0.001);
        let whole = (passed + EVERY / 2).as_secs().max(1);
        let times = usize::try_from(whole).unwrap_or(1).min(SECONDS as usize);
        self.told += times as u64;
        let turned = minute(steady) > minute(before);
        let last = std::mem::replace(&mut self.last, counters);
        #[expect(clippy::cast_precision_loss, reason = "what a chart shows")]
        let number = |value: u64| value as f64;
        for (n, at) in COUNTER_AT.into_iter().enumerate() {
            self.all[at].push(number(counters[n].saturating_sub(last[n])) / seconds, times);
        }
        for (value, at) in gauges.into_iter().zip(GAUGE_AT) {
            self.all[at].push(number(value), times);
        }
        self.providers.retain(|id, _| providers.iter().any(|(known, ..)| known == id));
        for (id, counters, gauges) in providers {
            let entity = self.providers.entry(id).or_default();
            let [calls, errors, _] = entity.rates(counters, seconds);
            for (series, value) in
                entity.series.iter_mut().zip([calls, errors, number(gauges[0]), number(gauges[1])])
            {
                series.push(value, times);
            }
        }
        self.webhooks.retain(|no, _| webhooks.iter().any(|(known, _)| known == no));
        for (no, counters) in webhooks {
            let entity = self.webhooks.entry(no).or_default();
            let rates = entity.rates(counters, seconds);
            for (series, value) in entity.series.iter_mut().zip(rates) {
                series.push(value, times);
            }
        }
        self.services.retain(|no, _| services.iter().any(|(known, _)| known == no));
        for (no, counters) in services {
            let entity = self.services.entry(no).or_default();
            let [accepted, ..] = entity.rates(counters, seconds);
            entity.series[0].push(accepted, times);
        }
        if turned {
            self.turn(p99s);
        }
    }

    /// A minute is over.
    fn turn(&mut self, p99s: [Option<f64>; 4]) {
        if self.hours.len() > HOUR.into() {
            self.hours.pop_front();
        }
        self.hours.push_back(self.last);
        self.providers.values_mut().for_each(Entity::mark);
        self.webhooks.values_mut().for_each(Entity::mark);
        for (trend, p99) in self.p99s.iter_mut().zip(p99s) {
            if trend.len() == TREND {
                trend.pop_front();
            }
            trend.push_back(p99);
        }
    }

    /// One died in this minute, before this run.
    pub(crate) fn died_before(&mut self, minute: u64) {
        *self.before.entry(minute).or_default() += 1;
    }

    /// What shows whether anything has moved.
    fn standing(&self) -> ([u64; COUNTERS], [u64; 4]) {
        (self.last, self.gauges)
    }

    /// How fast the whole moves.
    pub(crate) fn pace(&self) -> Pace {
        let ago = |minutes: usize| {
            let from = self.hours.len().saturating_sub(minutes + 1);
            self.hours.get(from).copied().unwrap_or_default()
        };
        let since = |minutes: usize, n: usize| self.last[n].saturating_sub(ago(minutes)[n]);
        // As many minutes as there are turns in the ring.
        let oldest = self.at.map_or(0, |(steady, _)| minute(steady).saturating_sub(HOUR.into()));
        let before: u64 = self.before.range(oldest..).map(|(_, count)| count).sum();
        Pace {
            means: std::array::from_fn(|n| self.all[n].mean(60)),
            failed_1h: since(HOUR.into(), 2) + before,
            told: (since(LATELY, 4), since(LATELY, 5)),
            clock_set: self.set,
            p99s: std::array::from_fn(|n| self.p99s[n].iter().copied().collect()),
        }
    }

    /// What a provider has counted by now, lately, and how many calls it answers per second; what it has
    /// counted before the first look is all of now.
    pub(crate) fn provider(&self, id: ProviderId, now: [u64; 3]) -> ([u64; 3], f64) {
        self.providers.get(&id).map_or((now, 0.0), |it| (it.lately(now), it.series[0].mean(60)))
    }

    /// The same of a webhook, with what it takes per second.
    pub(crate) fn webhook(&self, no: i64, now: [u64; 3]) -> ([u64; 3], f64) {
        self.webhooks.get(&no).map_or((now, 0.0), |it| (it.lately(now), it.series[1].mean(60)))
    }

    fn series(&self, of: Of) -> &[Series] {
        match of {
            Of::All => &self.all,
            Of::Provider(id) => self.providers.get(&id).map_or(&[], |it| &it.series),
            Of::Webhook(no) => self.webhooks.get(&no).map_or(&[], |it| &it.series),
            Of::Service(no) => self.services.get(&no).map_or(&[], |it| &it.series),
        }
    }

    /// The newest points of one, the oldest of them first.
    pub(crate) fn points(&self, of: Of, index: usize, by_minute: bool, n: usize) -> Vec<f64> {
        let Some(series) = self.series(of).get(index) else { return Vec::new() };
        let (ring, most) = if by_minute { (&series.minutes, MINUTES) } else { (&series.seconds, SECONDS) };
        let skip = ring.len().saturating_sub(n.min(most as usize));
        ring.iter().skip(skip).map(|it| f64::from(*it)).collect()
    }

    /// The mean of the last so many seconds.
    pub(crate) fn mean(&self, of: Of, index: usize, seconds: usize) -> f64 {
        self.series(of).get(index).map_or(0.0, |series| series.mean(seconds))
    }

    /// Means of whole spans of so many seconds of the last 15 minutes. They change when a span is over, and not before.
    pub(crate) fn means(&self, of: Of, index: usize, span: usize, most: usize) -> Vec<f64> {
        let open = usize::try_from(self.told % span as u64).unwrap_or_default();
        self.series(of).get(index).map_or_else(Vec::new, |series| series.means(span, most, open))
    }

    /// The same of so many minutes, of the last day; the newest has as many of them as are over, and changes once a minute.
    pub(crate) fn means_of_minutes(&self, of: Of, index: usize, span: usize, most: usize) -> Vec<f64> {
        self.series(of).get(index).map_or_else(Vec::new, |series| series.means_of_minutes(span, most))
    }
}

/// Looks once a second while anything moves, until `shutdown`; while nothing does, once a minute, as what was missed is
/// filled in.
pub(crate) async fn run(inner: Arc<Inner>, shutdown: CancellationToken) {
    let mut feed = inner.deps.store.feed().subscribe();
    let mut seen = None;
    loop {
        refresh(&inner);
        let now = inner.history.lock().standing();
        let idle = seen.as_ref() == Some(&now);
        seen = Some(now);
        let pause = if idle { AT_REST } else { EVERY };
        feed.borrow_and_update();
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(pause) => {}
            Ok(()) = feed.changed(), if idle => {}
            () = inner.measures.moved(), if idle => {}
        }
    }
}

/// Looks, if the last look is a second old.
pub(crate) fn refresh(inner: &Inner) {
    let steady = inner.deps.clock.steady();
    if inner.history.lock().at.is_none_or(|(at, _)| steady >= at + EVERY) {
        let seen = look(inner);
        inner.history.lock().take(seen);
    }
}

fn look(inner: &Inner) -> Look {
    services::read(inner);
    let accepted =
        |all: &services::Counted| all.of.iter().map(|(no, of)| (*no, [of.accepted, 0, 0])).collect();
    let services = accepted(&inner.services.lock());
    let store = &inner.deps.store;
    let (steady, wall, counts) = (inner.deps.clock.steady(), inner.deps.clock.now(), store.counts());
    let directory = store.directory();
    let waiting = inner.waiting.lock().unwrap_or_else(PoisonError::into_inner);
    let busy: HashMap<ProviderId, u32> = {
        let shown = inner.providers.lock().unwrap_or_else(PoisonError::into_inner);
        shown.iter().map(|(id, shown)| (*id, shown.in_flight.load(Ordering::Acquire))).collect()
    };
    let mut measured = inner.measures.lock();
    forget(&mut measured, inner);
    let provider = |it: &Arc<notifyd_store::Provider>| {
        let counted = measured.providers.get(&it.id).map_or([0; 3], |of| [of.calls, of.errors, of.throttled]);
        let ready = waiting.get(&it.id).map_or(0, |queue| queue.waiting);
        (it.id, counted, [ready, busy.get(&it.id).copied().unwrap_or(0).into()])
    };
    Look {
        steady,
        wall,
        counters: [
            store.accepted(),
            inner.delivered.load(Ordering::Acquire),
            inner.failed.load(Ordering::Acquire),
            measured.retried,
            measured.told,
            measured.acks,
        ],
        gauges: [
            counts.of(Status::Queued),
            counts.of(Status::Retrying),
            counts.of(Status::Pending),
            inner.in_flight.load(Ordering::Acquire).into(),
        ],
        providers: directory.providers().iter().take(MAX_PROVIDERS).map(provider).collect(),
        webhooks: measured
            .webhooks
            .iter()
            .take(MAX_WEBHOOKS)
            .map(|(no, of)| (*no, [of.told, of.acks, 0]))
            .collect(),
        services,
        p99s: measured.p99s_of(minute(steady).saturating_sub(1)),
    }
}

/// Keeps nothing of what is no more.
fn forget(measured: &mut Measured, inner: &Inner) {
    let directory = inner.deps.store.directory();
    measured.providers.retain(|id, _| directory.provider(*id).is_some());
    let endpoints = inner.deps.store.webhooks().endpoints();
    measured.webhooks.retain(|no, _| endpoints.get(*no).is_some());
    measured.services.retain(|no| directory.service_no(no).is_some());
}

#[cfg(test)]
mod tests {
    use super::*;

    const P: ProviderId = ProviderId::from_bytes([1; 16]);

    #[test]
    fn what_was_counted_before_the_first_minute_turned_is_of_the_last_five() {
        let mut entity = Entity::<1> { last: [7, 2, 0], ..Entity::default() };
        for _ in 0..LATELY {
            entity.mark();
            assert_eq!(entity.lately([9, 2, 0]), [9, 2, 0]);
        }
        entity.mark();
        assert_eq!(entity.lately([9, 2, 0]), [2, 0, 0], "after that it is too long ago");
    }

    fn look(second: u64, wall_ms: i64, done: u64) -> Look {
        Look {
            steady: Duration::from_secs(second),
            wall: Timestamp::from_timestamp_millis(wall_ms).unwrap(),
            counters: [done, done, done / 10, 0, done, done / 2],
            gauges: [7, 0, 3, 1],
            providers: vec![(P, [done, done / 4, 0], [5, 2])],
            webhooks: vec![(1, [done, done / 2, 0])],
            services: vec![(9, [done, 0, 0])],
            p99s: [Some(3.0), None, None, None],
        }
    }

    fn wall(second: u64) -> i64 {
        i64::try_from(second).unwrap() * 1_000
    }

    fn near(found: f64, expected: f64) {
        assert!((found - expected).abs() < 1e-3, "{found}, not {expected}");
    }

    #[test]
    fn points_are_what_was_counted_in_their_time_and_rings_have_an_end() {
        let mut past = Past::default();
        // 20 a second for 26 hours.
        for second in 0..=26 * 3_600_u64 {
            past.take(look(second, wall(second), second * 20));
        }
        let seconds = past.points(Of::All, 0, false, 10_000);
        let minutes = past.points(Of::All, 0, true, 10_000);
        assert_eq!((seconds.len(), minutes.len()), (900, 1_440));
        near(seconds[0], 20.0);
        near(minutes[1_439], 20.0);
        assert_eq!(past.points(Of::All, 4, false, 3), [7.0; 3]);
        assert_eq!(past.points(Of::Provider(P), 0, false, 2), [20.0; 2]);
        assert_eq!(past.points(Of::Webhook(2), 0, false, 2), [0.0; 0]);
        near(past.mean(Of::Service(9), 0, 60), 20.0);
        assert_eq!(past.means(Of::All, 0, 15, 60).len(), 60);
        assert_eq!(past.means(Of::Provider(P), 0, 60, 15).len(), 15);
        let pace = past.pace();
        near(pace.means[2], 2.0);
        assert_eq!(pace.failed_1h, 2 * 3_600);
        assert_eq!((pace.told, pace.clock_set), ((20 * 300, 10 * 300), None));
        assert_eq!((pace.p99s[0].len(), pace.p99s[0][0]), (15, Some(3.0)));
        let now = [26 * 3_600 * 20, 26 * 3_600 * 5, 0];
        let (lately, calls) = past.provider(P, now);
        near(calls, 20.0);
        assert_eq!(lately, [20 * 300, 5 * 300, 0]);
    }

    #[test]
    fn the_points_of_a_trend_stand_still_until_the_next_is_whole() {
        let mut past = Past::default();
        past.take(look(0, 0, 0));
        let (mut done, mut before) = (0, Vec::new());
        for second in 1..=2_000_u64 {
            // Something happens every seventh second, so that no two spans that begin elsewhere are alike.
            done += u64::from(second % 7 == 0) * second;
            past.take(look(second, wall(second), done));
            let now = past.means(Of::All, 0, 15, 60);
            if second % 15 == 0 {
                let kept = before.len().min(59);
                assert_eq!(
                    now[now.len() - 1 - kept..now.len() - 1],
                    before[before.len() - kept..],
                    "{second}"
                );
                before = now;
            } else {
                assert_eq!(now, before, "second {second}");
            }
        }
        assert_eq!(before.len(), 60);
    }

    #[test]
    fn spans_of_minutes_begin_where_they_began_and_the_newest_grows() {
        let mut series = Series::default();
        assert!(series.means_of_minutes(4, 15).is_empty());
        let mut found = vec![];
        for minute in 1..=6 {
            series.push(f64::from(minute), 59);
            let before = series.means_of_minutes(4, 15);
            assert_eq!(found.last().unwrap_or(&vec![]), &before, "not whole yet");
            series.push(f64::from(minute), 1);
            found.push(series.means_of_minutes(4, 15));
        }
        assert_eq!(found[..4], [vec![1.0], vec![1.5], vec![2.0], vec![2.5]]);
        assert_eq!(found[4..], [vec![2.5, 5.0], vec![2.5, 5.5]]);
        series.push(9.0, 60 * 60 * 30);
        let last = series.means_of_minutes(4, 15);
        assert_eq!(last, [9.0; 15], "the oldest are not kept");
    }

    #[test]
    fn seconds_that_were_missed_are_filled_in_and_a_clock_that_was_set_is_noticed() {
        let mut past = Past::default();
        past.take(look(10, 10_000, 0));
        past.take(look(15, 15_000, 100));
        assert_eq!(past.points(Of::All, 0, false, 900), [20.0; 5]);
        assert_eq!(past.pace().clock_set, None);
        past.take(look(16, 76_000, 120));
        let (at, by) = past.pace().clock_set.unwrap();
        assert_eq!((at.timestamp_millis(), by), (76_000, 60_000));
    }

    #[test]
    fn what_died_before_this_run_leaves_the_hour_minute_by_minute() {
        let mut past = Past::default();
        past.take(Look { counters: [0, 0, 1, 0, 0, 0], ..look(0, 0, 0) });
        assert_eq!(past.pace().failed_1h, 1, "what died before the first look is of this run");
        // 59 and 30 minutes before it began, and in the minute before.
        for minute in [1, 30, 30, 59] {
            past.died_before(minute);
        }
        let mut found = vec![];
        for second in 1..=3_700_u64 {
            past.take(Look { counters: [0, 0, 1, 0, 0, 0], ..look(second, wall(second), 0) });
            if [60, 120, 31 * 60 - 1, 31 * 60, 59 * 60, 60 * 60].contains(&second) {
                found.push(past.pace().failed_1h);
            }
        }
        assert_eq!(found, [5, 4, 4, 2, 2, 1]);
    }

    #[test]
    fn what_is_no_more_is_forgotten() {
        let mut past = Past::default();
        past.take(look(1, 1_000, 0));
        past.take(look(2, 2_000, 0));
        assert!(past.providers.contains_key(&P) && past.webhooks.contains_key(&1));
        past.take(Look { providers: vec![], webhooks: vec![], services: vec![], ..look(3, 3_000, 0) });
        assert!(past.providers.is_empty() && past.webhooks.is_empty() && past.services.is_empty());
    }
}
