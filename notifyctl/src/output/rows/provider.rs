//! Providers and their circuit breakers.

use super::queue::held;
use super::{always, joined, wide, yes};
use crate::output::{Cell, Column, Row, Tone};
use notify_proto::control::Seeded;
use notify_proto::hold::HoldView;
use notify_proto::view::{ProviderView, write_opt_time};
use notify_proto::{HoldKind, Timestamp};
use serde::Serialize;

impl Row for ProviderView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("name", |it| it.name.as_str().into()),
        wide("id", |it| it.id.to_string().into()),
        always("type", |it| it.kind.as_str().into()),
        always("channels", |it| joined(&it.channels)),
        always("priority", |it| it.priority.to_string().into()),
        always("active", |it| yes(it.active)),
        always("circuit", circuit),
        wide("circuit_reason", |it| it.circuit_reason.clone().into()),
        wide("circuit_until", |it| it.circuit_until.into()),
        wide("throttled_until", |it| it.throttled_until.into()),
        always("held", |it| held(&it.holds)),
        always("ends", |it| switched(it).and_then(|hold| hold.until).into()),
        wide("switched_by", |it| switched(it).map(|hold| hold.actor.clone()).into()),
        wide("switched_because", |it| switched(it).and_then(|hold| hold.reason.clone()).into()),
        always("in_flight", |it| it.in_flight.into()),
        wide("max_in_flight", |it| it.max_in_flight.into()),
        wide("rate", |it| it.rate_per_second.map(|rate| format!("{rate}/s")).into()),
        wide("learned_rate", |it| it.learned_rate.map(|rate| format!("{rate}/s")).into()),
        wide("burst", |it| it.burst.into()),
        always("simulated", |it| yes(it.simulated)),
        wide("created", |it| it.created_at.into()),
    ];

    fn id(&self) -> String {
        self.id.to_string()
    }
}

/// What has switched a provider on or off for a time.
fn switched(provider: &ProviderView) -> Option<&HoldView> {
    provider.holds.iter().find(|hold| hold.kind.known().is_some_and(|kind| kind.switches().is_some()))
}

fn circuit(provider: &ProviderView) -> Cell {
    circuit_word(&provider.circuit)
}

/// A circuit breaker, for a list of its own.
#[derive(Debug, Serialize)]
pub(crate) struct CircuitRow {
    provider: String,
    provider_id: String,
    circuit: String,
    reason: Option<String>,
    /// When it lets a call through again by itself.
    #[serde(serialize_with = "write_opt_time")]
    until: Option<Timestamp>,
    /// The hold that keeps it open.
    hold: Option<HoldView>,
}

impl From<ProviderView> for CircuitRow {
    fn from(provider: ProviderView) -> Self {
        let open = |hold: &HoldView| hold.kind.known() == Some(HoldKind::CircuitOpen);
        Self {
            provider: provider.name,
            provider_id: provider.id.to_string(),
            circuit: provider.circuit,
            reason: provider.circuit_reason,
            until: provider.circuit_until,
            hold: provider.holds.into_iter().find(open),
        }
    }
}

impl Row for CircuitRow {
    const COLUMNS: &'static [Column<Self>] = &[
        always("provider", |it| it.provider.as_str().into()),
        wide("id", |it| it.provider_id.as_str().into()),
        always("circuit", |it| circuit_word(&it.circuit)),
        always("reason", |it| it.reason.clone().into()),
        always("forced_by", |it| it.hold.as_ref().map(|hold| hold.actor.clone()).into()),
        always("until", |it| it.until.into()),
    ];

    fn id(&self) -> String {
        self.provider_id.clone()
    }
}

fn circuit_word(word: &str) -> Cell {
    let tone = match word {
        "closed" => Tone::Good,
        "open" => Tone::Bad,
        _ => Tone::Warn,
    };
    Cell::Word(word.to_owned(), tone)
}

impl Row for Seeded {
    const COLUMNS: &'static [Column<Self>] = &[
        always("name", |it| it.provider.name.as_str().into()),
        wide("id", |it| it.provider.id.to_string().into()),
        always("type", |it| it.provider.kind.as_str().into()),
        always("created", |it| yes(it.created)),
        always("changed", |it| {
            let keys: Vec<_> = it.changed.iter().map(|it| it.key.as_str()).collect();
            Some(keys.join(",")).filter(|keys| !keys.is_empty()).into()
        }),
        always("simulated", |it| yes(it.provider.simulated)),
    ];

    fn id(&self) -> String {
        self.provider.id.to_string()
    }
}
