//! Long work and what it leaves behind.

use super::{always, wide};
use crate::output::{Cell, Column, Row, Tone};
use notify_proto::bulk::Refusal;
use notify_proto::upkeep::{BackupView, OperationState, OperationView};

impl Row for OperationView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("id", |it| it.id.as_str().into()),
        always("verb", |it| it.verb.as_str().into()),
        always("state", |it| {
            let tone = match it.state {
                OperationState::Done => Tone::Good,
                OperationState::Failed => Tone::Bad,
                OperationState::Cancelled => Tone::Warn,
                OperationState::Running | OperationState::Unknown => Tone::Plain,
            };
            Cell::Word(it.state.as_str().into(), tone)
        }),
        always("done", |it| it.done.into()),
        always("total", |it| it.total.into()),
        wide("unit", |it| it.unit.as_str().into()),
        always("started", |it| it.started_at.into()),
        always("finished", |it| it.finished_at.into()),
        wide("actor", |it| it.actor.as_str().into()),
        wide("path", |it| it.path.clone().into()),
        wide("bytes", |it| it.bytes.map(Cell::Bytes).into()),
        wide("removed", |it| it.removed.into()),
        always("result", |it| it.result.clone().into()),
        always("error", |it| it.error.as_ref().map(|error| error.message.clone()).into()),
        always("refused", |it| it.refused.into()),
        wide("target", |it| it.target.as_str().into()),
        wide("reason", |it| it.reason.clone().into()),
        wide("cutoff", |it| it.cutoff.into()),
        wide("rate", |it| it.rate_per_second.map(|rate| format!("{rate}/s")).into()),
    ];

    fn id(&self) -> String {
        self.id.clone()
    }
}

impl Row for Refusal {
    const COLUMNS: &'static [Column<Self>] =
        &[always("id", |it| it.id.to_string().into()), always("why", |it| it.message.as_str().into())];

    fn id(&self) -> String {
        self.id.to_string()
    }
}

impl Row for BackupView {
    const COLUMNS: &'static [Column<Self>] = &[
        always("path", |it| it.path.as_str().into()),
        always("bytes", |it| Cell::Bytes(it.bytes)),
        always("made", |it| it.made_at.into()),
    ];

    fn id(&self) -> String {
        self.path.clone()
    }
}
