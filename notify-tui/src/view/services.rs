//! View 8: who sends.

use super::look::{Look, Tone, grouped};
use super::panel::{self, Detail, Words, fact, heading};
use super::table::{Column, left, right};
use super::time::{ago, ahead};
use crate::message::Slot;
use crate::state::App;
use notify_proto::Status;
use notify_proto::view::rfc3339;
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

pub(super) const COLUMNS: [Column; 7] = [
    left("SERVICE", 30, 0),
    left("STATE", 10, 0),
    right("KEYS", 5, 1),
    right("AUTH FAILED", 11, 3),
    right("LOCKED", 11, 2),
    right("RATE", 9, 4),
    left("DESCRIPTION", 50, 5),
];

pub(super) fn list(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let (sort, back) = app.services.list.order();
    let words = Words {
        title: "Services",
        columns: &COLUMNS,
        order: format!("{sort}{}", if back { ", backwards" } else { "" }),
        total: String::new(),
        skipped: 0,
        empty: "No services yet: N creates one, or notifyctl service create",
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
    lines.extend(sent(app, look, &service.name));
    let mut story = vec![heading(look, "keys")];
    match app.services.keys.as_ref().filter(|(name, _)| *name == service.name) {
        None => story.push(Line::raw("asking ...")),
        Some((_, keys)) => story.extend(keys.iter().map(|key| {
            let state = match (key.revoked_at, key.expires_at) {
                (Some(at), _) => format!("- revoked {} ago", ago(app, at)),
                (None, Some(at)) if at <= app.now.wall => "- expired".into(),
                (None, Some(at)) => format!("~ expires {}", ahead(app, at)),
                (None, None) => "+ works".into(),
            };
            let used = key
                .last_used_at
                .map_or_else(|| "never used".into(), |at| format!("used {} ago", ago(app, at)));
            let label = key.label.as_deref().unwrap_or_default();
            Line::raw(look.text(&format!("  {:<10} {state:<22} {used:<18} {label}", key.prefix)))
        })),
    }
    (lines, story)
}

/// What it sent in the last hour, and what became of it.
fn sent(app: &App, look: Look, name: &str) -> Vec<Line<'static>> {
    let mut lines = vec![heading(look, "sent in the last hour")];
    let Some((_, counts)) = app.services.sent.as_ref().filter(|(it, _)| it == name) else {
        let text = app.slots.trouble(Slot::Also).unwrap_or("asking ...");
        lines.push(Line::raw(look.text(text)));
        return lines;
    };
    let of = |status: Status| counts.get(status.as_str()).copied().unwrap_or_default();
    let all: u64 = counts.values().sum();
    let ended = of(Status::Delivered) + of(Status::Failed);
    let per_mille = of(Status::Delivered).saturating_mul(1_000).checked_div(ended);
    let share = per_mille.map_or_else(|| "--".into(), |n| format!("{}.{}%", n / 10, n % 10));
    let rate = f64::from(u32::try_from(all).unwrap_or(u32::MAX)) / 3_600.0;
    lines.push(fact(look, "accepted", &format!("{}, {rate:.2}/s", grouped(all))));
    lines.push(fact(look, "delivered", &format!("{} ({share})", grouped(of(Status::Delivered)))));
    lines.push(fact(look, "dead", &grouped(of(Status::Failed))));
    lines.push(fact(look, "retrying", &grouped(of(Status::Retrying))));
    lines
}
