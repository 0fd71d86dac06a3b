//! One notification: what it is, its attempts, who was told, what happened.

use super::absent;
use super::look::{Look, Tone};
use super::notes::status;
use super::panel::{Detail, fact, heading};
use super::table::fit;
use super::time::{ahead, clock, past, steps, took};
use super::webhooks;
use crate::message::Action;
use crate::state::{App, Story};
use notify_proto::control::Role;
use notify_proto::line::NotificationLine;
use notify_proto::view::{AttemptView, rfc3339};
use notify_proto::{AttemptStatus, Status};
use ratatui::text::{Line, Span};

pub(super) fn detail(app: &App, look: Look) -> Detail {
    let Some(notes) = app.notes_of(app.page) else { return Detail::default() };
    let Some(row) = notes.list.current() else { return Detail::default() };
    let (mut lines, happened) = match notes.told() {
        Some(story) => (facts(app, look, story), happened(app, look, story)),
        None if row.is_test() => {
            (line(app, look, row), vec![Line::raw("a test event is of no notification")])
        }
        None => (line(app, look, row), vec![Line::raw(absent::asking(app))]),
    };
    if let Some(hook) = hook(look, row) {
        lines.insert(0, hook);
    }
    (lines, happened)
}

/// Which webhook did not take what of it, when the row is of that.
fn hook(look: Look, row: &NotificationLine) -> Option<Line<'static>> {
    let told = row.webhook.as_ref()?;
    let host = row.provider_name.as_deref().unwrap_or_default();
    let code = told.code.map(|code| format!(", which answered {code}")).unwrap_or_default();
    Some(fact(look, "webhook", &format!("{} is told again to {host}{code}", told.event)))
}

/// What the list knows already.
fn line(app: &App, look: Look, row: &NotificationLine) -> Vec<Line<'static>> {
    let (word, tone) = status(&row.status);
    let mut lines = vec![
        Line::from(vec![
            Span::styled(look.text(&word), look.style(tone)),
            Span::raw(look.text(&format!("  {}  {}", row.channel, row.priority))),
        ]),
        fact(look, "service", &row.service_name),
        fact(look, "to", &row.recipient),
        fact(look, "created", &format!("{}  {}", rfc3339(row.created_at), past(app, row.created_at))),
    ];
    lines.extend(row.error_message.as_ref().map(|error| fact(look, "error", error)));
    lines
}

fn facts(app: &App, look: Look, story: &Story) -> Vec<Line<'static>> {
    let (row, plan) = (&story.detail.notification, &story.detail.retry_delays);
    let (word, tone) = status(&row.status);
    let channels: Vec<_> = row.channels.iter().map(ToString::to_string).collect();
    let mut lines = vec![
        Line::from(vec![
            Span::styled(look.text(&word), look.style(tone)),
            Span::raw(look.text(&format!("  {}  {}", channels.join(" then "), row.priority))),
        ]),
        fact(look, "service", &row.service_name),
        fact(look, "to", &row.recipient.in_line()),
    ];
    let mut also = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| fact(look, name, &value)));
    };
    // What is wrong stands where it is seen however small the panel is.
    also("reason", row.failure_reason.as_ref().map(ToString::to_string));
    also("error", row.error_message.clone());
    let due = row.next_attempt_at.or(row.scheduled_at);
    let due = due.filter(|_| matches!(row.status.known(), Some(Status::Pending | Status::Retrying)));
    also("next try", due.map(|at| format!("{}  {}", rfc3339(at), ahead(app, at))));
    also("created", Some(format!("{}  {}", rfc3339(row.created_at), past(app, row.created_at))));
    also("tries", Some(format!("{} of {} retries spent", row.retry_count, row.max_retries)));
    also("back-off", steps(plan));
    also("provider", row.provider_name.clone());
    also("expires", row.expires_at.map(rfc3339));
    also("event", row.event_type.clone());
    also("batch", row.batch_id.clone());
    also("trace", row.correlation_id.clone());
    also("dedup key", row.dedup_key.clone());
    also("subject", row.subject.clone());
    also("meta", row.meta_data.as_ref().and_then(|meta| serde_json::to_string(meta).ok()));
    also("content", row.content.clone().or_else(|| (!story.revealed).then(|| hidden(app))));
    if row.simulated {
        also("note", Some("simulated: nothing was really sent".into()));
    }
    if row.possible_duplicate {
        also("note", Some("may have been sent twice".into()));
    }
    lines
}

/// What stands for a text that is kept back, and for whom it is shown.
fn hidden(app: &App) -> String {
    let viewer = app.welcome.as_ref().is_none_or(|welcome| welcome.role == Role::Viewer);
    let chord = |action| app.settings.keys.chord(action, app.page);
    match (chord(Action::Open), chord(Action::Unmark)) {
        _ if viewer || app.read_only => "hidden; showing it takes the admin role".into(),
        (_, Some(show)) if app.open => format!("hidden; {show} shows it for 30 s, audited"),
        (Some(open), Some(show)) => format!("hidden; {open} {show} shows it for 30 s, audited"),
        _ => "hidden".into(),
    }
}

fn attempt(app: &App, look: Look, it: &AttemptView) -> Vec<Line<'static>> {
    let tone = match it.status.known() {
        Some(AttemptStatus::Delivered) => Tone::Good,
        Some(AttemptStatus::Failed | AttemptStatus::InDoubt) => Tone::Bad,
        _ => Tone::Plain,
    };
    let mark = match it.status.known() {
        Some(AttemptStatus::Delivered) => "+",
        Some(AttemptStatus::Failed) => "x",
        Some(AttemptStatus::InDoubt) => "?",
        Some(AttemptStatus::Started) => ">",
        _ => "-",
    };
    let provider = fit(&look.text(it.provider_name.as_deref().unwrap_or("none")), 14, false, look);
    let result = it.reason.clone().unwrap_or_else(|| it.status.to_string());
    let took = it
        .duration_ms
        .map_or_else(|| "--".into(), |ms| took(f64::from(u32::try_from(ms).unwrap_or(u32::MAX))));
    let head = format!("{:>3} {:<12} {provider} {:<9} ", it.number, clock(app, it.attempted_at), it.channel);
    let mut lines = vec![Line::from(vec![
        Span::raw(look.text(&head)),
        Span::styled(look.text(&format!("{mark} {result}")), look.style(tone)),
        Span::raw(format!("  {took}")),
    ])];
    lines.extend(it.error_message.as_ref().map(|error| Line::raw(look.text(&format!("      {error}")))));
    lines
}

fn happened(app: &App, look: Look, story: &Story) -> Vec<Line<'static>> {
    let mut lines = vec![heading(look, "attempts")];
    let from = story.detail.attempts.len().saturating_sub(20);
    for it in &story.detail.attempts[from..] {
        lines.extend(attempt(app, look, it));
    }
    if story.detail.attempts.is_empty() {
        lines.push(Line::raw("  none yet"));
    }
    if !story.told.is_empty() {
        lines.push(heading(look, "webhooks"));
    }
    for it in story.told.iter().rev().take(20) {
        let code = it.response_status_code.map_or_else(|| "--".into(), |code| code.to_string());
        let next = it.next_attempt_at.map(|at| format!(" {}", ahead(app, at))).unwrap_or_default();
        let place = webhooks::place(app, it.webhook_id, 18, look);
        let (event, state) = (it.event.to_string(), it.status.to_string());
        let text = format!("  {place} {event:<15} {state:<12} {} {code}{next}", it.attempt_count);
        lines.push(Line::raw(look.text(&text)));
    }
    lines.push(heading(look, "story"));
    let begin = story.detail.notification.created_at;
    for it in &story.detail.events {
        let why = it.detail.clone().or_else(|| it.reason.clone()).unwrap_or_default();
        // How long it took until then is what is asked of a story; the clock alone has seconds.
        let after = u32::try_from((it.at - begin).num_milliseconds())
            .map_or_else(|_| "long".into(), |ms| took(ms.into()));
        let after = format!("+{after}");
        lines.push(Line::raw(look.text(&format!(
            "  {:<12} {after:>8} {:<16} {why}",
            clock(app, it.at),
            it.event
        ))));
    }
    lines
}
