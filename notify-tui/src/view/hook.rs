//! One webhook: what it was told by event and by the last answer, and its settings.
//!
//! ```text
//! +- by event, 60m -----------------------++- by last answer ---++- settings --------------------+
//! | EVENT        SENT   ACKED  NACK  WAIT || HTTP  COUNT  SHARE || last     ack 2s, nack 503 9s   |
//! | created     4,120   3,871    12   237 || 200  35,552  96.4% || retry    1m > 5m > 15m         |
//! +---------------------------------------++--------------------++--------------------------------+
//! ```

use super::absent;
use super::look::{Look, Tone, grouped, span, spread};
use super::panel::{Detail, fact, hanging, heading};
use super::providers::HOUR;
use super::time::{ahead, brief, lasting, lately_past, past, steps, took};
use super::webhooks;
use crate::message::Slot;
use crate::state::App;
use notify_proto::overview::WebhookLine;
use notify_proto::webhook::WebhookStats;
use notify_proto::{Timestamp, WebhookEvent, WebhookStatus};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};

/// The three of them side by side; the responses only where there is room.
pub(super) fn draw(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let middle = if area.width >= 110 { 28 } else { 0 };
    let columns = [Constraint::Fill(1), Constraint::Length(middle), Constraint::Fill(1)];
    let [left, middle, right] = Layout::horizontal(columns).areas(area);
    let boxed =
        |lines: Vec<Line<'static>>, title: &str| Paragraph::new(lines).block(look.block(title, Tone::Plain));
    // A sentence goes on in the next line, a row of numbers does not.
    let folded = |it: Paragraph<'static>| {
        if stats(app).is_none() { it.wrap(Wrap { trim: true }) } else { it }
    };
    frame.render_widget(folded(boxed(events(app, look), "by event, 60m")), left);
    if middle.width > 0 {
        frame.render_widget(folded(boxed(responses(app, look), "by last answer, 60m")), middle);
    }
    let facts = hanging(detail(app, look).0, right.width.saturating_sub(2));
    let settings = boxed(facts, "settings").wrap(Wrap { trim: false });
    frame.render_widget(settings, right);
}

/// What the one under the cursor did in the last hour, once it was told, unless it could not be told again.
fn stats(app: &App) -> Option<&WebhookStats> {
    if absent::trouble(app, Slot::Also).is_some() {
        return None;
    }
    let current = app.webhooks.list.current()?.id;
    app.webhooks.stats.as_ref().filter(|(id, _)| *id == current).map(|(_, stats)| &**stats)
}

/// The sentence in place of numbers that are not here.
fn absent(app: &App, look: Look) -> Vec<Line<'static>> {
    let text = match app.webhooks.list.current() {
        None => "Nothing is under the cursor.".to_owned(),
        Some(_) => absent::instead(app, Slot::Also, false).unwrap_or_default(),
    };
    vec![Line::raw(look.text(&text))]
}

/// Events by where they stand: owed, taken, given up, not yet one of them.
fn events(app: &App, look: Look) -> Vec<Line<'static>> {
    let Some(stats) = stats(app) else { return absent(app, look) };
    let line = |name: &str, told: &str, acked: &str, gone: &str, waits: &str| {
        format!(" {name:<15} {told:>7} {acked:>7} {gone:>5} {waits:>5}")
    };
    let head = line("EVENT", "SENT", "ACKED", "NACK", "WAIT");
    let mut lines = vec![Line::styled(head, look.style(Tone::Strong))];
    for (event, counts) in &stats.by_event {
        let of = |status: WebhookStatus| counts.get(status.as_str()).copied().unwrap_or_default();
        let told: u64 = counts.values().sum();
        let (acked, gone) = (of(WebhookStatus::Acknowledged), of(WebhookStatus::Failed));
        let waits = told.saturating_sub(acked + gone);
        let text = line(event, &grouped(told), &grouped(acked), &grouped(gone), &grouped(waits));
        let tone = if gone > 0 { Tone::Bad } else { Tone::Plain };
        lines.push(Line::styled(look.text(&text), look.style(tone)));
    }
    if stats.by_event.is_empty() {
        lines.push(Line::raw(" It was told nothing in the last hour."));
    }
    lines
}

/// The last answers by their status, and how long it takes.
fn responses(app: &App, look: Look) -> Vec<Line<'static>> {
    let Some(stats) = stats(app) else { return absent(app, look) };
    let all: u64 = stats.by_code.values().sum();
    let line = |code: &str, count: &str, share: &str| format!(" {code:<8}{count:>8}{share:>8}");
    let mut lines = vec![Line::styled(line("HTTP", "COUNT", "SHARE"), look.style(Tone::Strong))];
    let mut codes: Vec<_> = stats.by_code.iter().collect();
    codes.sort_by_key(|(_, count)| std::cmp::Reverse(**count));
    for (code, count) in codes.into_iter().take(4) {
        let share = count.saturating_mul(1_000) / all.max(1);
        let text = line(code, &grouped(*count), &format!("{}.{}%", share / 10, share % 10));
        let tone = if code.starts_with('2') { Tone::Plain } else { Tone::Bad };
        lines.push(Line::styled(look.text(&text), look.style(tone)));
    }
    if stats.by_code.is_empty() {
        lines.push(Line::raw(" No answer yet."));
    }
    let ms = |ms: Option<u64>| {
        ms.map_or_else(|| "--".into(), |ms| took(f64::from(u32::try_from(ms).unwrap_or(u32::MAX))))
    };
    lines.push(Line::raw(format!(" p50 {}  p99 {}", ms(stats.ack_p50_ms), ms(stats.ack_p99_ms))));
    let oldest = stats.oldest.map(|at| {
        let age = u64::try_from((app.now.wall - at).num_seconds()).unwrap_or_default();
        format!(" for {}", span(age))
    });
    lines.push(Line::raw(format!(" owed {}{}", grouped(stats.owed), oldest.unwrap_or_default())));
    lines
}

/// How much of what it was told it took, over the last hour.
fn acks(app: &App, look: Look, id: &str) -> Option<String> {
    let points = |metric: &str| app.points(&format!("webhook/{id}/{metric}"));
    let (told, acks) = points("told").zip(points("acks"))?;
    let refused =
        |(told, acks): (&f64, &f64)| if *told > 0.0 { 1.0 - (acks / told).min(1.0) } else { f64::NAN };
    let refused: Vec<_> = told.iter().zip(acks).map(refused).collect();
    // The worst of each few minutes is what is seen of them.
    let shares = spread(&refused, HOUR, 20).into_iter().map(|it| 1.0 - it);
    let now = refused.iter().rfind(|it| !it.is_nan())?;
    Some(format!("{} {:.0}%", look.spark(shares, 20), (1.0 - now) * 100.0))
}

/// When it took something last, and when it did not; of the daemon of before, what it answered last.
fn last(app: &App, stats: Option<&WebhookStats>, line: Option<&WebhookLine>) -> Option<String> {
    let code = line.and_then(|line| Some((line.last_at?, line.last_code)));
    let said = |at| {
        let code = code.filter(|(when, _)| *when == at).and_then(|(_, code)| code);
        code.map(|code| format!("{code} ")).unwrap_or_default()
    };
    let told = stats.map(|stats| (stats.last_ack_at, stats.last_nack_at)).unwrap_or_default();
    if told == (None, None) {
        let (at, code) = code?;
        let code = code.map_or_else(|| "no answer".into(), |code| code.to_string());
        return Some(format!("{code}, {}", past(app, at)));
    }
    let one = |name: &str, at: Option<Timestamp>| {
        at.map_or_else(|| format!("no {name}"), |at| format!("{name} {}{}", said(at), past(app, at)))
    };
    Some(format!("{}, {}", one("ack", told.0), one("nack", told.1)))
}

/// How many tries are under way, of how many there may be.
fn calls(stats: &WebhookStats) -> String {
    let full = if stats.limit > 0 && stats.busy >= stats.limit { " (at limit)" } else { "" };
    format!("{} of {}{full}", stats.busy, stats.limit)
}

/// All that is known of the one under the cursor.
pub(super) fn detail(app: &App, look: Look) -> Detail {
    let Some(webhook) = app.webhooks.list.current() else { return Detail::default() };
    let told_of: Vec<_> = webhook.events.iter().map(ToString::to_string).collect();
    let all = WebhookEvent::ALL.iter().all(|event| told_of.iter().any(|it| it == event.as_str()));
    let stats = stats(app);
    let delays = stats.and_then(|stats| steps(&stats.retry_delays)).map(|steps| format!(" {steps}"));
    let retries = match (webhook.max_retries, &delays) {
        (Some(0), _) => ", none".into(),
        (Some(n), None) => format!(", {n} retries"),
        (_, delays) => delays.clone().unwrap_or_default(),
    };
    let retry = format!("{}{retries}", webhook.retry_profile);
    let off = stats.and_then(|stats| stats.disable_after_seconds);
    let headers: Vec<_> = webhook.headers.keys().cloned().collect();
    let line = webhooks::line_of(app, &webhook.id.to_string());
    let failing = webhook.failing_since.map(|at| format!("it took nothing {}", lasting(app, at)));
    let signs = webhook.secret_set_at.map(|at| format!(", secret set {}", lately_past(app, at)));
    let old = webhook.old_secret_until.map(|at| format!("signs as well, ends {}", ahead(app, at)));
    let redacted = if webhook.redact { "yes: it is told nothing of what goes to whom" } else { "no" };
    let trend = absent::trouble(app, Slot::Trend).or_else(|| acks(app, look, &webhook.id.to_string()));
    let facts = [
        ("failing", failing),
        ("last", last(app, stats, line)),
        ("in flight", stats.map(calls)),
        ("sign", Some(format!("hmac-sha256{}", signs.unwrap_or_default()))),
        ("old secret", old),
        ("retry", Some(retry)),
        ("events", Some(if all { "all".into() } else { told_of.join(" ") })),
        ("off after", off.map(|seconds| format!("{} without an ack", brief(seconds)))),
        ("timeout", Some(format!("{}s", webhook.timeout_seconds))),
        ("4xx", Some("ends it, but for 408, 425 and 429".into())),
        ("headers", Some(if headers.is_empty() { "none".into() } else { headers.join(", ") })),
        ("service", Some(webhook.service_name.clone())),
        ("url", Some(webhook.url.clone())),
        ("acks 60m", trend),
        ("redacted", Some(redacted.to_owned())),
        ("about", webhook.description.clone()),
        ("id", Some(webhook.id.to_string())),
        ("created", Some(past(app, webhook.created_at))),
    ];
    let lines = facts.into_iter().filter_map(|(name, value)| Some(fact(look, name, &value?))).collect();
    let mut numbers = vec![heading(look, "by event, in the last hour")];
    numbers.extend(events(app, look));
    numbers.push(heading(look, "by last answer"));
    numbers.extend(responses(app, look));
    (lines, numbers)
}
