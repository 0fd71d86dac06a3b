//! View 8: who sends.

use super::absent;
use super::look::{Look, Tone, grouped};
use super::notes::id;
use super::panel::{self, Detail, Words, fact, heading};
use super::table::{Column, left, right};
use super::time::{ago, ahead, clock, past, rate};
use crate::message::Slot;
use crate::state::App;
use notify_proto::measured::ServiceFigures;
use notify_proto::view::{NotificationView, ServiceView, rfc3339};
use notify_proto::webhook::WebhookView;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

pub(super) const COLUMNS: [Column; 14] = [
    left("SERVICE", 30, 0),
    left("STATE", 10, 0),
    right("KEYS", 5, 4),
    right("LAST", 11, 2),
    right("ACC/s", 8, 0),
    right("OK% 24h", 7, 1),
    right("FAILED 24h", 10, 1),
    right("ACCEPTED 15m", 15, 5),
    right("DEDUP 24h", 9, 5),
    right("THROTTLED", 9, 4),
    right("AUTH FAILED", 11, 5),
    right("LOCKED", 11, 3),
    right("RATE", 9, 6),
    left("DESCRIPTION", 50, 7),
];

/// What of a service's figures there is; none where nothing has happened for long.
fn figure(service: &ServiceView, pick: impl Fn(&ServiceFigures) -> Option<String>) -> String {
    service.figures.as_ref().and_then(pick).unwrap_or_else(|| "--".into())
}

/// Delivered among what came to its end within the last day.
fn delivered(figures: &ServiceFigures) -> Option<String> {
    let ended = figures.delivered_24h + figures.failed_24h;
    let per_mille = figures.delivered_24h.saturating_mul(1_000).checked_div(ended)?;
    Some(format!("{}.{}", per_mille / 10, per_mille % 10))
}

pub(super) fn list(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let (sort, back) = app.services.list.order();
    let words = Words {
        title: "Services",
        columns: &COLUMNS,
        order: format!("{sort}{}", if back { ", backwards" } else { "" }),
        total: String::new(),
        skipped: 0,
        more: false,
        empty: "No services yet: N creates one, or notifyctl service create",
        slot: Slot::List,
        focus: true,
        main: true,
    };
    panel::list(app, look, frame, area, &app.services.list, &words, |service| {
        let state = match (service.active, service.locked_until) {
            (false, _) => ("- off", Tone::Dim),
            (true, Some(_)) => ("! locked", Tone::Bad),
            (true, None) => ("+ active", Tone::Good),
        };
        vec![
            service.name.as_str().into(),
            state.into(),
            service.active_keys.to_string().into(),
            figure(service, |it| it.last_accepted_at.map(|at| ago(app, at))).into(),
            figure(service, |it| Some(rate(it.accepted_per_second))).into(),
            figure(service, delivered).into(),
            figure(service, |it| Some(grouped(it.failed_24h))).into(),
            figure(service, |it| Some(look.spark(it.trend.iter().copied(), 15))).into(),
            grouped(service.deduplicated_24h).into(),
            grouped(service.throttled_24h).into(),
            service.auth_failures.to_string().into(),
            service.locked_until.map_or_else(|| "--".into(), |at| ahead(app, at)).into(),
            service.rate_per_second.map_or_else(|| "--".into(), |rate| format!("{rate}/s")).into(),
            service.description.clone().unwrap_or_default().into(),
        ]
    });
}

pub(super) fn detail(app: &App, look: Look) -> Detail {
    let Some(service) = app.services.list.current() else { return Detail::default() };
    let mut lines = vec![
        fact(look, "id", &service.id.to_string()),
        fact(look, "active", if service.active { "yes" } else { "no: its requests are refused" }),
        fact(look, "created", &rfc3339(service.created_at)),
        fact(look, "failures", &format!("{} failed authentications within two hours", service.auth_failures)),
    ];
    if let Some(at) = service.locked_until {
        lines.push(fact(look, "locked", &format!("ends {}; U clears it", ahead(app, at))));
    }
    lines.extend(sent(app, look, service));
    lines.push(heading(look, "webhooks"));
    lines.extend(webhooks(app, look, &service.name));
    let mut story = vec![heading(look, "keys")];
    match app.services.keys.as_ref().filter(|(name, _)| *name == service.name) {
        None => story.push(Line::raw(absent::asking(app))),
        Some((_, keys)) => story.extend(keys.iter().map(|key| {
            let state = match (key.revoked_at, key.expires_at) {
                (Some(at), _) => format!("- revoked {}", past(app, at)),
                (None, Some(at)) if at <= app.now.wall => "- expired".into(),
                (None, Some(at)) => format!("~ expires {}", ahead(app, at)),
                (None, None) => "+ works".into(),
            };
            let used =
                key.last_used_at.map_or_else(|| "never used".into(), |at| format!("used {}", past(app, at)));
            let label = key.label.as_deref().unwrap_or_default();
            let made = format!("made {}", past(app, key.created_at));
            let text = format!("  {:<10} {state:<22} {used:<18} {made:<18} {label}", key.prefix);
            Line::raw(look.text(&text))
        })),
    }
    story.push(heading(look, "its last dead letters"));
    story.extend(died(app, look, &service.name));
    (lines, story)
}

/// What it sends, and what becomes of it.
fn sent(app: &App, look: Look, service: &ServiceView) -> Vec<Line<'static>> {
    let mut lines = vec![heading(look, "in the last 24 hours, since the daemon started")];
    let (equal, refused) = (grouped(service.deduplicated_24h), grouped(service.throttled_24h));
    lines.push(fact(look, "answered", &format!("{equal} with an earlier one, {refused} asked too often")));
    let Some(figures) = &service.figures else {
        lines.push(Line::raw("  nothing that is remembered"));
        return lines;
    };
    let last = figures.last_accepted_at.map(|at| format!(", the last {}", past(app, at)));
    let accepted = format!("{}/s{}", rate(figures.accepted_per_second), last.unwrap_or_default());
    lines.push(fact(look, "accepted", &accepted));
    let share = delivered(figures).map(|share| format!(" ({share}%)")).unwrap_or_default();
    lines.push(fact(look, "delivered", &format!("{}{share}", grouped(figures.delivered_24h))));
    lines.push(fact(look, "died 24h", &grouped(figures.failed_24h)));
    if !figures.trend.is_empty() {
        lines.push(fact(look, "trend 15m", &look.spark(figures.trend.iter().copied(), 15)));
    }
    lines
}

/// Who is told of what it sends.
fn webhooks(app: &App, look: Look, name: &str) -> Vec<Line<'static>> {
    let list = &app.webhooks.list;
    if let Some(text) = absent::instead(app, Slot::Side, list.loaded) {
        return vec![Line::raw(look.text(&format!("  {text}")))];
    }
    let own = list.rows().iter().filter(|webhook| webhook.service_name == name);
    let line = |webhook: &WebhookView| {
        let (state, tone) = super::webhooks::state(app, webhook);
        Line::styled(look.text(&format!("  {state:<10} {}", webhook.url)), look.style(tone))
    };
    let lines: Vec<_> = own.map(line).collect();
    if lines.is_empty() { vec![Line::raw("  none")] } else { lines }
}

/// The last that were given up, and why.
fn died(app: &App, look: Look, name: &str) -> Vec<Line<'static>> {
    let known = app.services.died.as_ref().filter(|(it, _)| it == name);
    if let Some(text) = absent::instead(app, Slot::Also, known.is_some()) {
        return vec![Line::raw(look.text(&format!("  {text}")))];
    }
    let died = known.map(|(_, died)| died.as_slice()).unwrap_or_default();
    let line = |row: &NotificationView| {
        let at = row.failed_at.map(|at| clock(app, at)).unwrap_or_default();
        let why = row.error_message.clone();
        let why = why.or_else(|| row.failure_reason.as_ref().map(ToString::to_string)).unwrap_or_default();
        Line::raw(look.text(&format!("  {at:<12} {} {why}", id(app, row.id))))
    };
    if died.is_empty() { vec![Line::raw("  none")] } else { died.iter().map(line).collect() }
}
