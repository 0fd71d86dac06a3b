//! What those who watch are told of how work goes: all of it from counters, rings and histograms in memory.

use crate::Handle;
use crate::history::{Of, Pace, refresh};
use crate::measures::{Latencies, minute};
use crate::sliding::Quantiles;
use crate::tries::Common;
use notify_proto::measured::{CallView, Tries};
use notify_proto::{Channel, ProviderId, Timestamp};
use std::collections::HashMap;

/// Seconds between two points of the trends of the whole, and how many there are.
const TREND: (usize, usize) = (15, 60);

/// The same of one provider.
const LINE: (usize, usize) = (60, 15);

/// Minutes between two points of the trends of a webhook, and how many there are: an hour.
const HOUR: (usize, usize) = (4, 15);

/// How work goes.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Figures {
    /// How fast the whole moves.
    pub pace: Pace,
    /// Calls of providers that were answered, since the daemon started.
    pub calls: u64,
    /// How long things took in the last five minutes.
    pub latencies: Latencies,
    /// Of each channel on which something went: from due to the begin of the call, calls, from accepted to delivered.
    pub channels: Vec<(Channel, [Quantiles; 3])>,
    /// Of the last 15 minutes, in the order of [`OF_ALL`](notify_proto::series::OF_ALL), a point for 15 s.
    pub trends: Vec<Vec<f64>>,
    /// By provider.
    pub providers: HashMap<ProviderId, ProviderFigures>,
    /// Tries under way to all webhooks, and how many there may be at the same time.
    pub telling: (u32, u32),
    /// By the store's number; those that were told last.
    pub webhooks: HashMap<i64, WebhookFigures>,
}

/// How one provider does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ProviderFigures {
    /// Calls in the last five minutes, those of them that failed, and those of these by which it asked to slow down.
    pub lately: [u64; 3],
    /// Calls answered per second, over the last minute.
    pub calls_per_second: f64,
    /// From due to the begin of the call.
    pub wait: Quantiles,
    /// Calls.
    pub call: Quantiles,
    /// The last thing that went wrong.
    pub last_error: Option<(Timestamp, String)>,
    /// Calls per second, a point for a minute.
    pub calls_trend: Vec<f64>,
    /// What was ready, the same.
    pub ready_trend: Vec<f64>,
}

/// How one webhook does.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct WebhookFigures {
    /// Tries in the last five minutes, and those of them that it took.
    pub lately: [u64; 2],
    /// Taken per second, over the last minute.
    pub acks_per_second: f64,
    /// Acknowledgements.
    pub ack: Quantiles,
    /// When it was told last, and what it answered.
    pub last: Option<(Timestamp, Option<u16>)>,
    /// Tries and what was taken per second, a point for four minutes.
    pub trends: [Vec<f64>; 2],
}

impl Handle {
    /// How work goes.
    pub fn figures(&self) -> Figures {
        refresh(&self.inner);
        let minute = minute(self.inner.deps.clock.steady());
        // One after the other: nobody holds both.
        let mut measured = self.inner.measures.lock();
        let mut figures = Figures {
            calls: measured.calls,
            telling: self.telling_all(),
            latencies: measured.latencies(minute),
            channels: measured.by_channel(minute),
            ..Figures::default()
        };
        let mut counted = (HashMap::new(), HashMap::new());
        for (id, of) in &mut measured.providers {
            let (wait, call) = of.latencies(minute);
            let last_error = of.last_error.clone();
            counted.0.insert(*id, [of.calls, of.errors, of.throttled]);
            let it = ProviderFigures { wait, call, last_error, ..ProviderFigures::default() };
            figures.providers.insert(*id, it);
        }
        for (no, of) in &mut measured.webhooks {
            let ack = of.latencies(minute);
            counted.1.insert(*no, [of.told, of.acks, 0]);
            figures.webhooks.insert(*no, WebhookFigures { ack, last: of.last, ..WebhookFigures::default() });
        }
        drop(measured);
        let past = self.inner.history.lock();
        figures.pace = past.pace();
        figures.trends =
            (0..figures.pace.means.len()).map(|n| past.means(Of::All, n, TREND.0, TREND.1)).collect();
        for (id, it) in &mut figures.providers {
            let now = counted.0.get(id).copied().unwrap_or_default();
            (it.lately, it.calls_per_second) = past.provider(*id, now);
        }
        for provider in self.inner.deps.store.directory().providers() {
            let it = figures.providers.entry(provider.id).or_default();
            let line = |n| past.means(Of::Provider(provider.id), n, LINE.0, LINE.1);
            (it.calls_trend, it.ready_trend) = (line(0), line(2));
        }
        for (no, it) in &mut figures.webhooks {
            let now = counted.1.get(no).copied().unwrap_or_default();
            let ([told, acks, _], rate) = past.webhook(*no, now);
            (it.lately, it.acks_per_second) = ([told, acks], rate);
            it.trends = [0, 1].map(|n| past.means_of_minutes(Of::Webhook(*no), n, HOUR.0, HOUR.1));
        }
        figures
    }

    /// The last calls of a provider, the newest first.
    pub fn calls(&self, id: ProviderId) -> Vec<CallView> {
        let measured = self.inner.measures.lock();
        measured.providers.get(&id).map_or_else(Vec::new, |of| of.recent.iter().rev().cloned().collect())
    }

    /// How the tries of the last hour ended that followed a failed one which had this in common.
    pub fn tries(&self, common: Common) -> Tries {
        self.inner.tallies.lock().of(minute(self.inner.deps.clock.steady()), common)
    }

    /// The newest points of one series, the oldest of them first; `index` is its place among the metrics of its kind.
    pub fn points(&self, of: Of, index: usize, by_minute: bool, n: usize) -> Vec<f64> {
        refresh(&self.inner);
        self.inner.history.lock().points(of, index, by_minute, n)
    }
}
