//! What waits for a time, told apart by what it has in common.
//!
//! ```text
//! +- By error  G: provider, service, queue, channel, webhook ---------------------- 4 -+
//! |   ERROR                     RETRYING  SCHED  DEAD 1h  FIRST  LAST  TRY1->2  TRY2->3  |
//! |   503 upstream unavailable     3,204      0        0    41s    1s      71%       --  |
//! +------------------------------------------------------------------------------------+
//! ```

use super::absent;
use super::look::{Look, Tone, grouped};
use super::notes::id;
use super::panel::count;
use super::table::{self, Cell, Column, Row, left, right};
use super::time::{ahead, lately};
use crate::deed::several;
use crate::message::Slot;
use crate::state::App;
use notify_proto::measured::Tries;
use notify_proto::schedule::WaitingGroup;
use notify_proto::{GroupBy, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;
use std::ops::Range;

/// Where [`columns`] has what is not counted of webhooks.
const TRIES: Range<usize> = 3..8;

const fn columns(head: &'static str) -> [Column; 13] {
    [
        left(head, 60, 0),
        right("RETRYING", 9, 0),
        right("SCHED", 9, 1),
        right("DEAD 1h", 8, 1),
        right("FIRST", 7, 3),
        right("LAST", 7, 2),
        right("TRY1->2", 7, 2),
        right("TRY2->3", 7, 3),
        right("NEXT", 11, 4),
        right("1 TRY", 8, 5),
        right("2 TRIES", 8, 6),
        right("MORE", 8, 6),
        left("SAMPLE", 12, 7),
    ]
}

const fn head(by: GroupBy) -> &'static str {
    match by {
        GroupBy::Error => "ERROR",
        GroupBy::Provider => "PROVIDER",
        GroupBy::Service => "SERVICE",
        GroupBy::Queue => "QUEUE",
        GroupBy::Channel => "CHANNEL",
        GroupBy::Webhook => "WEBHOOK",
    }
}

/// How many of the second or third tries that followed a failed one of this group delivered.
fn went_well(group: &WaitingGroup, which: usize) -> Cell {
    let share = group.tries.and_then(|tries| tries.shares()[which]);
    share.map_or_else(|| "--".into(), |share| format!("{:.0}%", share * 100.0)).into()
}

/// How long ago tries of this group failed.
fn failed(app: &App, group: &WaitingGroup, when: impl FnOnce(Tries) -> Option<Timestamp>) -> Cell {
    group.tries.and_then(when).map_or_else(|| "--".into(), |at| lately(app, at)).into()
}

pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let by = app.retries.by.0;
    let focus = app.side;
    let others: Vec<_> = GroupBy::ALL.iter().filter(|it| **it != by).map(|it| it.as_str()).collect();
    let told = app.retries.groups.as_ref().map_or_else(String::new, |groups| {
        let partial =
            if groups.partial { format!(" of the first {}", grouped(groups.scanned)) } else { String::new() };
        format!("{}{partial}  Tab, enter: only these", several(count(groups.groups.len()), "group"))
    });
    // Both corners, and the gaps around both texts and between them.
    let fits = |title: &String| title.len() + told.len() + 7 <= usize::from(area.width);
    let (title, short) =
        (format!("Grouped by {by}  G: {}", others.join(", ")), format!("Grouped by {by}  G"));
    let title = Some(title).filter(fits).unwrap_or(short);
    let mut block = look.block(&title, if focus { Tone::Strong } else { Tone::Plain });
    if fits(&title) && !told.is_empty() {
        block = block.title(Line::styled(format!(" {told} "), look.style(Tone::Dim)).right_aligned());
    }
    let inside = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    let known = app.retries.groups.as_ref();
    if let Some(text) = absent::instead(app, Slot::Also, known.is_some()) {
        return frame.render_widget(absent::said(&text, look), inside);
    }
    let Some(groups) = known else { return };
    if groups.groups.is_empty() {
        return frame.render_widget(Line::raw("Nothing waits, so there is nothing to tell apart."), inside);
    }
    let height = usize::from(inside.height.saturating_sub(1)).max(1);
    let top = if focus { (app.side_at + 1).saturating_sub(height) } else { 0 };
    let shown = groups.groups.iter().enumerate().skip(top).take(height);
    let rows: Vec<_> = shown
        .map(|(n, group)| Row {
            here: focus && n == app.side_at,
            marked: false,
            cells: kept(
                vec![
                    if group.name.is_empty() { "(none)".into() } else { group.name.as_str().into() },
                    grouped(group.retrying).into(),
                    grouped(group.pending).into(),
                    group.tries.map_or_else(|| "--".into(), |tries| grouped(tries.dead)).into(),
                    failed(app, group, |tries| tries.failing_since),
                    failed(app, group, |tries| tries.last_failed_at),
                    went_well(group, 0),
                    went_well(group, 1),
                    group.next_at.map_or_else(|| "--".into(), |at| ahead(app, at)).into(),
                    grouped(group.tried_once).into(),
                    grouped(group.tried_twice).into(),
                    grouped(group.tried_more).into(),
                    group.sample.map(|sample| id(app, sample)).unwrap_or_default().into(),
                ],
                by,
            ),
        })
        .collect();
    let columns = kept(columns(head(by)).to_vec(), by);
    table::draw(frame, inside, look, &columns, &rows, app.badge().doubtful());
}

/// What there is to show where they are told apart by this.
fn kept<T>(mut of: Vec<T>, by: GroupBy) -> Vec<T> {
    if by == GroupBy::Webhook {
        of.drain(TRIES);
    }
    of
}
