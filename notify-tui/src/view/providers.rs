//! View 6: the ways out.

use super::absent;
use super::look::{Look, Tone, spread};
use super::notes::id;
use super::panel::{self, Detail, Words, fact, heading};
use super::queues::hold;
use super::table::{Cell, Column, left, right};
use super::time::{ago, ahead, clock, past, percent, rate, took, took_or};
use crate::message::Slot;
use crate::state::App;
use notify_proto::happening::Event;
use notify_proto::measured::CallView;
use notify_proto::overview::{Percentiles, ProviderLine};
use notify_proto::view::ProviderView;
use notify_proto::{Severity, Timestamp};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::Line;

pub(super) const COLUMNS: [Column; 14] = [
    left("PROVIDER", 24, 0),
    left("CIRCUIT", 18, 0),
    left("HELD", 12, 1),
    right("PRIO", 5, 4),
    left("CHANNELS", 12, 3),
    right("BUSY", 9, 1),
    right("CALLS/s", 8, 2),
    right("OK%", 6, 1),
    right("P50", 7, 7),
    right("P95", 7, 3),
    right("P99", 7, 6),
    right("429/s", 6, 6),
    right("CALLS 15m", 15, 8),
    left("LAST ERROR", 26, 5),
];

/// A circuit with its mark.
pub(super) fn circuit(active: bool, word: &str) -> (&'static str, Tone) {
    match word {
        _ if !active => ("- off", Tone::Dim),
        "closed" => ("+ closed", Tone::Good),
        "open" => ("x OPEN", Tone::Bad),
        "half_open" => ("~ half-open", Tone::Warn),
        _ => ("? unknown", Tone::Warn),
    }
}

/// A circuit with its mark, and for how long it has not been closed.
pub(super) fn since(app: &App, active: bool, word: &str, at: Option<Timestamp>) -> (String, Tone) {
    let (text, tone) = circuit(active, word);
    let age = at.filter(|_| active && word != "closed").map(|at| format!(" {}", ago(app, at)));
    (format!("{text}{}", age.unwrap_or_default()), tone)
}

fn line_of<'a>(app: &'a App, name: &str) -> Option<&'a ProviderLine> {
    let (_, overview) = app.overview.as_ref()?;
    overview.providers.iter().find(|line| line.name == name)
}

fn channels(provider: &ProviderView) -> String {
    provider.channels.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}

pub(super) fn list(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let (sort, back) = app.providers.list.order();
    let words = Words {
        title: "Providers",
        columns: &COLUMNS,
        order: format!("{sort}{}", if back { ", backwards" } else { "" }),
        total: String::new(),
        skipped: 0,
        more: false,
        empty: "No providers yet: notifyctl provider seed, or notifyctl provider add",
        slot: Slot::List,
        focus: true,
        main: true,
    };
    panel::list(app, look, frame, area, &app.providers.list, &words, |provider| {
        let line = line_of(app, &provider.name);
        let ms = |pick: fn(&Percentiles) -> Option<f64>| {
            Cell::from(took_or(line.and_then(|line| pick(&line.call_ms))))
        };
        let error = line.and_then(|line| line.last_error.clone()).or_else(|| provider.circuit_reason.clone());
        let held: Vec<_> = provider.holds.iter().map(|hold| hold.kind.to_string()).collect();
        let per_second = |it: Option<f64>| it.map_or_else(|| "--".into(), rate);
        vec![
            provider.name.as_str().into(),
            since(app, provider.active, &provider.circuit, line.and_then(|it| it.circuit_since)).into(),
            (held.join(","), Tone::Warn).into(),
            provider.priority.to_string().into(),
            channels(provider).into(),
            format!("{}/{}", provider.in_flight, provider.max_in_flight).into(),
            per_second(line.map(|line| line.calls_per_second)).into(),
            percent(line.and_then(|line| line.ok_share)).into(),
            ms(|ms| ms.p50),
            ms(|ms| ms.p95),
            ms(|ms| ms.p99),
            per_second(line.map(|line| line.throttled_per_second)).into(),
            line.map(|line| look.spark(line.trend.iter().copied(), 15)).unwrap_or_default().into(),
            error.unwrap_or_default().into(),
        ]
    });
}

pub(super) fn detail(app: &App, look: Look) -> Detail {
    let Some(row) = app.providers.list.current() else { return Detail::default() };
    let shown = app.providers.shown.as_ref().filter(|(shown, _)| shown.name == row.name);
    let mut lines = vec![
        fact(
            look,
            "type",
            &format!(
                "{}{}",
                row.kind,
                if row.simulated { ", simulated: nothing is really sent" } else { "" }
            ),
        ),
        fact(look, "channels", &channels(row).replace(',', ", ")),
        fact(look, "priority", &format!("{} (lower is tried first)", row.priority)),
        fact(look, "circuit", circuit(row.active, &row.circuit).0),
    ];
    let mut also = |name: &str, value: Option<String>| {
        lines.extend(value.map(|value| fact(look, name, &value)));
    };
    also("why", row.circuit_reason.clone());
    also("since", line_of(app, &row.name).and_then(|line| line.circuit_since).map(|at| past(app, at)));
    also("probe", row.circuit_until.map(|at| ahead(app, at)));
    also(
        "throttled",
        row.throttled_until.map(|at| format!("it asked to be left alone, ends {}", ahead(app, at))),
    );
    let rate = row.rate_per_second.map_or_else(|| "none".into(), |rate| format!("{rate}/s"));
    also(
        "rate limit",
        Some(row.learned_rate.map_or(rate.clone(), |learned| format!("{rate}, learned {learned:.1}/s"))),
    );
    for it in &row.holds {
        also("held", Some(hold(app, it)));
    }
    if let Some(config) = shown.and_then(|(shown, _)| shown.config.as_ref()) {
        also("config", serde_json::to_string(config).ok().map(|text| text.replace(",\"", ", \"")));
    }
    let mut story = route(app, look, shown.map(|(_, route)| route));
    story.push(heading(look, "failover by channel"));
    story.extend(failover(app, look, row));
    story.push(heading(look, "what happened to it, the newest first"));
    story.extend(happened(app, look, row));
    let calls = shown.map_or(&[][..], |(shown, _)| &shown.calls);
    story.push(heading(look, &format!("its last {} calls, the newest first", calls.len())));
    story.extend(called(app, look, calls));
    lines.extend(trends(app, look, row, calls));
    (lines, story)
}

/// For each of its channels the providers in the order in which they are tried: `sms: relay(OPEN) -> spare`.
fn failover(app: &App, look: Look, row: &ProviderView) -> Vec<Line<'static>> {
    let mut all: Vec<_> = app.providers.list.rows().iter().filter(|it| it.active).collect();
    all.sort_by_key(|it| it.priority);
    let mut ways: Vec<(String, Vec<String>)> = Vec::new();
    for channel in &row.channels {
        let serving = all.iter().filter(|it| it.channels.contains(channel));
        let names: Vec<_> = serving
            .map(|it| match (it.circuit.as_str(), it.holds.first()) {
                ("open", _) => format!("{}(OPEN)", it.name),
                ("half_open", _) => format!("{}(half-open)", it.name),
                (_, Some(hold)) => format!("{}({})", it.name, hold.kind),
                _ => it.name.clone(),
            })
            .collect();
        let way = if names.is_empty() { "nobody".to_owned() } else { names.join(" -> ") };
        match ways.iter_mut().find(|(it, _)| *it == way) {
            Some((_, channels)) => channels.push(channel.to_string()),
            None => ways.push((way, vec![channel.to_string()])),
        }
    }
    let line = |(way, channels): (String, Vec<String>)| {
        let all = channels.len() > 3 && channels.len() == row.channels.len();
        let on = if all { "all of them".to_owned() } else { channels.join(", ") };
        Line::raw(look.text(&format!("  {on}: {way}")))
    };
    ways.into_iter().map(line).collect()
}

/// Circuits, holds and changes, as far as the daemon remembers them.
fn happened(app: &App, look: Look, row: &ProviderView) -> Vec<Line<'static>> {
    let events = app.providers.log.as_ref().filter(|(name, _)| *name == row.name);
    if let Some(text) = absent::instead(app, Slot::Side, events.is_some()) {
        return vec![Line::raw(look.text(&format!("  {text}")))];
    }
    let events = events.map(|(_, events)| events.as_slice()).unwrap_or_default();
    if events.is_empty() {
        return vec![Line::raw("  nothing: no circuit, no hold, no change")];
    }
    let line = |event: &Event| {
        let (mark, tone) = match event.severity.known() {
            Some(Severity::Critical) => ("x", Tone::Bad),
            Some(Severity::Warning) => ("!", Tone::Warn),
            _ => (" ", Tone::Plain),
        };
        let by = event.actor.as_ref().map(|actor| format!(" by {actor}")).unwrap_or_default();
        let detail = event.detail.as_deref().unwrap_or_default();
        let text = format!("  {:<10} {mark} {:<18} {detail}{by}", clock(app, event.at), event.event);
        Line::styled(look.text(&text), look.style(tone))
    };
    events.iter().rev().map(line).collect()
}

/// Points of an hour.
pub(super) const HOUR: usize = 60;

/// How many calls, how many failed, and how long the last ones took.
fn trends(app: &App, look: Look, row: &ProviderView, calls: &[CallView]) -> Vec<Line<'static>> {
    let line = |metric: &str| {
        let points = app.points(&format!("provider/{}/{metric}", row.name))?;
        let now = rate(*points.last()?);
        Some(format!("{} {now}/s", look.spark(spread(points, HOUR, 20).into_iter(), 20)))
    };
    #[expect(clippy::cast_precision_loss, reason = "what a chart shows")]
    let took = look.spark(calls.iter().rev().map(|call| call.elapsed_ms as f64), 20);
    let lines = [("calls 60m", line("calls")), ("errors 60m", line("errors")), ("took", Some(took))];
    let told = lines.into_iter().filter_map(|(name, text)| Some((name, text.filter(|it| !it.is_empty())?)));
    let mut lines: Vec<_> = told.map(|(name, text)| fact(look, name, &text)).collect();
    lines.extend(absent::trouble(app, Slot::Also).map(|why| fact(look, "trends", &why)));
    lines
}

/// The last calls, each in a line.
fn called(app: &App, look: Look, calls: &[CallView]) -> Vec<Line<'static>> {
    let line = |call: &CallView| {
        let (mark, tone) = if call.outcome == "accepted" { ("+", Tone::Plain) } else { ("x", Tone::Bad) };
        #[expect(clippy::cast_precision_loss, reason = "for people")]
        let took = took(call.elapsed_ms as f64);
        let error = call.error.as_deref().unwrap_or_default();
        let text = format!(
            "  {:<9} {mark} {:<12} {took:>6} {:<8} {} {error}",
            clock(app, call.at),
            call.outcome.replace('_', " "),
            call.channel,
            id(app, call.notification_id),
        );
        Line::styled(look.text(&text), look.style(tone))
    };
    if calls.is_empty() {
        return vec![Line::raw("  none since the daemon started")];
    }
    calls.iter().map(line).collect()
}

/// In which order the providers of its channel are tried now.
fn route(app: &App, look: Look, route: Option<&notify_proto::control::RouteView>) -> Vec<Line<'static>> {
    let Some(route) = route else { return vec![Line::raw(absent::asking(app))] };
    let mut lines = vec![heading(look, "what would be tried now")];
    for step in &route.steps {
        let why = step.why.as_ref().map(|why| format!(": {why}")).unwrap_or_default();
        let text = format!(
            "{:>3} {:<9} {:<20} {} ({}{why})",
            step.place,
            step.channel,
            step.provider,
            step.verdict.replace('_', " "),
            step.state.replace('_', " ")
        );
        let tone = if step.verdict == "taken" { Tone::Good } else { Tone::Plain };
        lines.push(Line::styled(look.text(&text), look.style(tone)));
    }
    lines.extend(route.notes.iter().map(|note| Line::raw(look.text(&format!("    {note}")))));
    lines
}
