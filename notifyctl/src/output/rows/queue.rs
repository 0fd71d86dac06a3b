//! Queues, and what operators force on them.

use super::{always, wide};
use crate::output::{Cell, Column, Row, Tone, short};
use notify_proto::HoldKind;
use notify_proto::hold::{HoldView, QueueView};

impl Row for QueueView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("queue", |it| it.name.as_str().into()),
        wide("id", |it| it.provider_id.map(|id| id.to_string()).into()),
        always("state", |it| {
            let tone = match it.state.as_str() {
                "running" => Tone::Good,
                "circuit_open" => Tone::Bad,
                "disabled" => Tone::Dim,
                _ => Tone::Warn,
            };
            Cell::Word(it.state.clone(), tone)
        }),
        always("waiting", |it| it.waiting.into()),
        always("later", |it| if it.later == 0 { Cell::None } else { it.later.into() }),
        wide("next", |it| it.next_at.into()),
        always("on_disk", |it| it.on_disk.into()),
        always("busy", |it| it.busy.into()),
        always("limit", |it| it.limit.into()),
        always("rate", |it| Cell::Figure(it.rate_per_second, "/s")),
        wide("arriving", |it| Cell::Figure(it.arriving_per_second, "/s")),
        always("empty_in", empty_in),
        wide("empty_in_ms", |it| it.empty_in_ms.into()),
        always("oldest", |it| it.oldest_at.into()),
        always("reason", |it| match named(it) {
            Some(hold) => hold.reason.clone().into(),
            None if it.state == "throttled" => "the provider asked to be left alone".into(),
            None => it.circuit_reason.clone().into(),
        }),
        always("ends", |it| named(it).map_or(it.opens_at, |hold| hold.until).into()),
    ];

    fn id(&self) -> String {
        self.provider_id.map_or_else(|| self.name.clone(), |id| id.to_string())
    }
}

/// In how long a queue is empty, or why it does not get empty now: nothing to say of one that is.
fn empty_in(queue: &QueueView) -> Cell {
    match (queue.empty_in_ms, queue.never_empty.as_deref()) {
        (Some(0), _) | (None, None) => Cell::None,
        (Some(ms), _) => Cell::Text(format!("~{}", short(ms.div_ceil(1_000)))),
        (None, Some("stands_still")) => Cell::Word("stands still".into(), Tone::Warn),
        // It grows, or the state that stops it for now, in the word of its own column.
        (None, Some(why)) => Cell::Word(why.to_owned(), Tone::Warn),
    }
}

/// The hold that the state of a queue names.
fn named(queue: &QueueView) -> Option<&HoldView> {
    let kind = match queue.state.as_str() {
        "disabled" => HoldKind::Disabled,
        "paused" => HoldKind::Pause,
        "draining" => HoldKind::Drain,
        "limited" => HoldKind::Limit,
        "circuit_open" => HoldKind::CircuitOpen,
        _ => return None,
    };
    queue.holds.iter().find(|hold| hold.kind.known() == Some(kind))
}

impl Row for HoldView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.as_str().into()),
        always("queue", |it| it.queue.as_str().into()),
        always("kind", |it| it.kind.to_string().into()),
        always("limit", |it| it.limit.into()),
        always("made", |it| it.made_at.into()),
        always("ends", |it| it.until.into()),
        always("by", |it| it.actor.as_str().into()),
        always("reason", |it| it.reason.clone().into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}

/// What operators force, by its words.
pub(super) fn held(holds: &[HoldView]) -> Cell {
    if holds.is_empty() {
        return Cell::None;
    }
    Cell::Word(holds.iter().map(|hold| hold.kind.to_string()).collect::<Vec<_>>().join(","), Tone::Warn)
}
