//! What waits for a time, told apart by what it has in common.
//!
//! ```text
//! +- By error  G: provider, service, channel, webhook ----------------------------- 4 -+
//! |   ERROR                     RETRYING  SCHED  DEAD 1h  TRY1->2  TRY2->3  NEXT        |
//! |   503 upstream unavailable     3,204      0        0      71%       --  in 4s       |
//! +------------------------------------------------------------------------------------+
//! ```

use super::absent;
use super::look::{Look, Tone, grouped};
use super::notes::id;
use super::panel::count;
use super::table::{self, Cell, Column, Row, left, right};
use super::time::ahead;
use crate::deed::several;
use crate::message::Slot;
use crate::state::App;
use notify_proto::GroupBy;
use notify_proto::schedule::WaitingGroup;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;
use ratatui::widgets::Clear;

const fn columns(head: &'static str) -> [Column; 11] {
    [
        left(head, 60, 0),
        right("RETRYING", 9, 0),
        right("SCHED", 9, 1),
        right("DEAD 1h", 8, 1),
        right("TRY1->2", 7, 2),
        right("TRY2->3", 7, 3),
        right("NEXT", 11, 2),
        right("1 TRY", 8, 4),
        right("2 TRIES", 8, 5),
        right("MORE", 8, 5),
        left("SAMPLE", 12, 6),
    ]
}

const fn head(by: GroupBy) -> &'static str {
    match by {
        GroupBy::Error => "ERROR",
        GroupBy::Provider => "PROVIDER",
        GroupBy::Service => "SERVICE",
        GroupBy::Channel => "CHANNEL",
        GroupBy::Webhook => "WEBHOOK",
    }
}

/// How many of the second or third tries that followed a failed one of this group delivered.
fn went_well(group: &WaitingGroup, which: usize) -> Cell {
    let share = group.tries.and_then(|tries| tries.shares()[which]);
    share.map_or_else(|| "--".into(), |share| format!("{:.0}%", share * 100.0)).into()
}

pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let by = app.retries.by.0;
    let focus = app.side;
    let others: Vec<_> = GroupBy::ALL.iter().filter(|it| **it != by).map(|it| it.as_str()).collect();
    let title = format!("Grouped by {by}  G: {}", others.join(", "));
    let mut block = look.block(&title, if focus { Tone::Strong } else { Tone::Plain });
    if let Some(groups) = &app.retries.groups {
        let partial =
            if groups.partial { format!(" of the first {}", grouped(groups.scanned)) } else { String::new() };
        let text =
            format!(" {}{partial}  Tab, enter: only these ", several(count(groups.groups.len()), "group"));
        block = block.title(Line::styled(text, look.style(Tone::Dim)).right_aligned());
    }
    let inside = block.inner(area);
    frame.render_widget(Clear, area);
    frame.render_widget(block, area);
    let Some(groups) = &app.retries.groups else {
        let text = app.slots.trouble(Slot::Also).unwrap_or(absent::asking(app));
        return frame.render_widget(Line::raw(look.text(text)), inside);
    };
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
            cells: vec![
                if group.name.is_empty() { "(none)".into() } else { group.name.as_str().into() },
                grouped(group.retrying).into(),
                grouped(group.pending).into(),
                group.tries.map_or_else(|| "--".into(), |tries| grouped(tries.dead)).into(),
                went_well(group, 0),
                went_well(group, 1),
                group.next_at.map_or_else(|| "--".into(), |at| ahead(app, at)).into(),
                grouped(group.tried_once).into(),
                grouped(group.tried_twice).into(),
                grouped(group.tried_more).into(),
                group.sample.map(|sample| id(app, sample)).unwrap_or_default().into(),
            ],
        })
        .collect();
    table::draw(frame, inside, look, &columns(head(by)), &rows, app.badge().doubtful());
}
