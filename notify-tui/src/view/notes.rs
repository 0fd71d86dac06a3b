//! Views 3, 4 and 5: notifications, those that wait for a time, and dead letters.

use super::look::{Look, Tone, grouped, span};
use super::panel::{self, Words};
use super::table::{Cell, Column, left, right};
use super::time::{ago, ahead, clock};
use crate::message::Slot;
use crate::state::{App, Notes, Page, Rows as _};
use notify_proto::line::NotificationLine;
use notify_proto::{NotificationId, Open, Priority, Status};
use ratatui::Frame;
use ratatui::layout::Rect;

pub(super) const ALL: [Column; 11] = [
    left("ID", 36, 0),
    right("AGE", 11, 0),
    left("CH", 8, 2),
    left("PRI", 7, 6),
    left("STATUS", 12, 0),
    left("SERVICE", 16, 3),
    left("RECIPIENT", 22, 4),
    left("PROVIDER", 14, 3),
    right("TRY", 5, 5),
    right("NEXT", 11, 4),
    left("LAST ERROR", 60, 1),
];

pub(super) const WAITING: [Column; 12] = [
    left("ID", 36, 0),
    right("DUE", 11, 0),
    right("LATE", 8, 2),
    left("KIND", 5, 1),
    left("CH/PRI", 14, 4),
    left("SERVICE", 16, 3),
    left("RECIPIENT", 22, 6),
    left("PROVIDER", 14, 3),
    right("TRY", 5, 5),
    left("THEN", 15, 5),
    left("SEND AT", 13, 4),
    left("LAST ERROR", 60, 1),
];

pub(super) const DEAD: [Column; 11] = [
    left("ID", 36, 0),
    right("DIED", 11, 0),
    right("AGE", 11, 7),
    left("REASON", 17, 1),
    left("CH", 8, 4),
    left("SERVICE", 16, 3),
    left("RECIPIENT", 22, 6),
    left("PROVIDER", 14, 3),
    right("TRY", 5, 5),
    right("EXPIRES", 11, 8),
    left("LAST ERROR", 60, 2),
];

/// The mark of a status, so that it can be told without colour.
pub(super) const fn mark(status: Status) -> (&'static str, Tone) {
    match status {
        Status::Pending => (".", Tone::Plain),
        Status::Queued => ("o", Tone::Plain),
        Status::Sending => (">", Tone::Plain),
        Status::Retrying => ("~", Tone::Warn),
        Status::Delivered => ("+", Tone::Good),
        Status::Failed => ("x", Tone::Bad),
        Status::Cancelled => ("-", Tone::Dim),
    }
}

/// A status with its mark.
pub(super) fn status(status: &Open<Status>) -> (String, Tone) {
    let (mark, tone) = status.known().map_or(("?", Tone::Warn), mark);
    (format!("{mark} {status}"), tone)
}

/// An id: its end, which differs from one to the next, or all of it.
pub(super) fn id(app: &App, id: NotificationId) -> String {
    let whole = id.to_string();
    if app.wide || app.size.0 >= 200 { whole } else { end(&whole) }
}

/// The end of an id, which differs from one to the next; all of what is no id.
pub(super) fn end(text: &str) -> String {
    let sizes = text.split('-').map(str::len);
    let one = sizes.eq([8, 4, 4, 4, 12]) && text.chars().all(|c| c == '-' || c.is_ascii_hexdigit());
    if one { text[24..].to_owned() } else { text.to_owned() }
}

const fn short(priority: Priority) -> &'static str {
    match priority {
        Priority::Instant => "inst",
        Priority::High => "high",
        Priority::Normal => "norm",
        Priority::Low => "low",
    }
}

fn urgency(row: &NotificationLine) -> &'static str {
    row.priority.known().map_or("?", short)
}

fn channel(row: &NotificationLine) -> String {
    row.channel.to_string()
}

/// Tries so far of those that its policy has: each retry is one, and so was what came before them all. What a failover takes
/// belongs to its try.
fn tries(row: &NotificationLine) -> String {
    let given_up_untried = || {
        use notify_proto::FailureReason::{Buried, Expired, NoProvider, Suppressed, Template};
        let reason = row.failure_reason.as_ref().and_then(Open::known);
        matches!(reason, Some(Buried | Expired | NoProvider | Suppressed | Template))
    };
    let more = match row.status.known() {
        Some(Status::Sending | Status::Delivered) => 1,
        Some(Status::Failed) if !given_up_untried() => 1,
        _ => 0,
    };
    format!("{}/{}", row.retry_count.saturating_add(more), row.max_retries.saturating_add(1))
}

/// A span without the parts of it that are none.
fn brief(seconds: u64) -> String {
    let whole = span(seconds);
    let cut = ["00s", "00m", "00h"].iter().find_map(|none| whole.strip_suffix(none));
    cut.map_or_else(|| whole.clone(), str::to_owned)
}

/// How long it waits after the next try, and after those behind it.
fn then(row: &NotificationLine) -> String {
    if row.status.known() != Some(Status::Retrying) {
        return "--".into();
    }
    let delays: Vec<_> = row.delays_left_seconds.iter().map(|seconds| brief(*seconds)).collect();
    match row.webhook {
        _ if !delays.is_empty() => delays.join(" "),
        // What a webhook does not take is given up, and is no dead letter.
        Some(_) => "failed".into(),
        None => "dead".into(),
    }
}

fn due(row: &NotificationLine) -> Option<notify_proto::Timestamp> {
    row.next_attempt_at.or(row.scheduled_at)
}

fn error(row: &NotificationLine) -> String {
    row.error_message.clone().unwrap_or_default()
}

fn any(app: &App, row: &NotificationLine) -> Vec<Cell> {
    let due = due(row).filter(|_| matches!(row.status.known(), Some(Status::Pending | Status::Retrying)));
    vec![
        id(app, row.id).into(),
        ago(app, row.created_at).into(),
        channel(row).into(),
        urgency(row).into(),
        status(&row.status).into(),
        row.service_name.as_str().into(),
        row.recipient.as_str().into(),
        row.provider_name.clone().unwrap_or_default().into(),
        tries(row).into(),
        due.map_or_else(|| "--".into(), |at| ahead(app, at)).into(),
        error(row).into(),
    ]
}

fn waiting(app: &App, row: &NotificationLine) -> Vec<Cell> {
    let due = due(row);
    let late = due.filter(|at| *at < app.now.wall);
    let kind = match row.status.known() {
        _ if row.webhook.is_some() => "hook".into(),
        Some(Status::Pending) => "sched".into(),
        Some(Status::Retrying) => "retry".into(),
        _ => row.status.to_string(),
    };
    vec![
        id(app, row.id).into(),
        due.map_or_else(|| "held".into(), |at| ahead(app, at)).into(),
        late.map_or_else(|| "--".into(), |at| ago(app, at)).into(),
        kind.into(),
        match row.webhook {
            Some(_) => channel(row).into(),
            None => format!("{}/{}", channel(row), urgency(row)).into(),
        },
        row.service_name.as_str().into(),
        row.recipient.as_str().into(),
        row.provider_name.as_deref().unwrap_or("auto").into(),
        tries(row).into(),
        then(row).into(),
        row.scheduled_at.map_or_else(|| "--".into(), |at| clock(app, at)).into(),
        error(row).into(),
    ]
}

fn dead(app: &App, row: &NotificationLine) -> Vec<Cell> {
    // It is removed so many days after it died.
    let kept = app.kept_days.map(|days| chrono::TimeDelta::days(days.into()));
    let expires = row.failed_at.zip(kept).map_or_else(|| "--".into(), |(at, kept)| ahead(app, at + kept));
    vec![
        id(app, row.id).into(),
        ago(app, row.failed_at.unwrap_or(row.created_at)).into(),
        ago(app, row.created_at).into(),
        (row.failure_reason.as_ref().map(ToString::to_string).unwrap_or_default(), Tone::Bad).into(),
        channel(row).into(),
        row.service_name.as_str().into(),
        row.recipient.as_str().into(),
        row.provider_name.clone().unwrap_or_default().into(),
        tries(row).into(),
        expires.into(),
        error(row).into(),
    ]
}

/// How many match in all: exact where it was counted.
fn total(app: &App) -> String {
    let Some(total) = app.matching() else {
        // It was not counted; what is known is how many were seen, and whether there are more.
        let Some(notes) = app.notes_of(app.page).filter(|notes| notes.list.loaded) else {
            return String::new();
        };
        let seen = grouped((notes.skipped + notes.list.len()) as u64);
        let more = notes.next.is_some() || notes.partial;
        return if more { format!(">={seen}") } else { seen };
    };
    if app.page != Page::Retries {
        return grouped(total);
    }
    // What webhooks are told again stands among them, and was counted at another moment.
    let seen = app.notes_of(app.page).map_or(0, |notes| notes.skipped + notes.list.len());
    let told = if app.retries.filter.is_empty() { app.retries.told_again() } else { 0 };
    format!("~{}", grouped((total + told).max(seen as u64)))
}

/// How many there are of each status, in so many cells: of those that a filter finds, or of all. What needs a look goes
/// first.
fn counts(app: &App, page: Page, notes: &Notes, room: usize) -> String {
    const FIRST: [Status; 7] = [
        Status::Failed,
        Status::Retrying,
        Status::Queued,
        Status::Sending,
        Status::Pending,
        Status::Cancelled,
        Status::Delivered,
    ];
    let all = app.data.as_ref().filter(|_| page == Page::Notifications).map(|data| &data.status.by_status);
    let Some(by) = (if notes.filter.is_empty() { all } else { notes.counts.as_ref() }) else {
        return String::new();
    };
    let counted = FIRST.iter().filter_map(|status| Some((status.as_str(), by.get(status.as_str())?)));
    let mut text = String::new();
    for (status, n) in counted.filter(|(_, n)| **n > 0) {
        let part = format!("{status} {}  ", grouped(*n));
        if text.len() + part.len() <= room {
            text.push_str(&part);
        }
    }
    text
}

pub(super) fn list(app: &App, page: Page, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let Some(notes) = app.notes_of(page) else { return };
    let (title, columns, order, empty): (_, &[Column], _, _) = match page {
        Page::Retries => ("Retries and scheduled", &WAITING, "by due time", "Nothing waits for a time."),
        Page::Dead => ("Dead letters", &DEAD, "newest first", "No dead letters. Good."),
        _ => (
            "Notifications",
            &ALL,
            if notes.most_tried { "most attempts first" } else { "newest first" },
            "No notifications yet: notifyctl notification send makes one.",
        ),
    };
    let partial = match area.width {
        _ if !notes.partial => "",
        ..100 => ", partial",
        _ => ", partial: more may match further on",
    };
    let total = total(app);
    let also = usize::from(notes.list.follow) * 8 + usize::from(!notes.list.marked().is_empty()) * 24;
    let taken = title.len() + order.len() + partial.len() + total.len() + also + 22;
    let counts = counts(app, page, notes, usize::from(area.width).saturating_sub(taken));
    let words = Words {
        title,
        columns,
        order: format!("{counts}{order}{partial}"),
        total,
        skipped: notes.skipped,
        more: notes.held.is_some(),
        empty,
        slot: Slot::List,
        focus: !app.side,
        main: true,
    };
    panel::list(app, look, frame, area, &notes.list, &words, |row| match page {
        Page::Retries => waiting(app, row),
        Page::Dead => dead(app, row),
        _ => any(app, row),
    });
}
