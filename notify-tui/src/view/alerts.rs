//! What needs a look: the lines at the top of the overview.

use super::look::{Look, Tone};
use super::notes::end;
use super::table;
use super::time::{ahead, lasting};
use super::webhooks;
use crate::state::{App, Page};
use notify_proto::overview::{Alert, Overview, WebhookLine};
use notify_proto::{ObjectKind, Severity};
use ratatui::Frame;
use ratatui::layout::Rect;
use ratatui::text::{Line, Span};
use ratatui::widgets::Paragraph;
use unicode_width::UnicodeWidthStr as _;

/// Paints them, below what is wrong with the connection.
pub(super) fn draw(
    app: &App,
    overview: &Overview,
    lost: &[String],
    look: Look,
    frame: &mut Frame<'_>,
    (area, boxes): (Rect, bool),
) {
    let all = &overview.attention;
    let tone = if all.is_empty() { Tone::Good } else { Tone::Bad };
    let title = if all.is_empty() {
        "+ nothing needs a look".to_owned()
    } else {
        format!("Needs attention: {}", all.len())
    };
    let block = look.edge(&title, if app.badge().doubtful() { Tone::Dim } else { tone }, boxes);
    let inside = block.inner(area);
    frame.render_widget(block, area);
    let mut lines: Vec<_> =
        lost.iter().map(|text| Line::styled(look.text(text), look.style(Tone::Bad))).collect();
    let room = usize::from(inside.height).saturating_sub(lines.len());
    let from = (app.attention_at + 1).saturating_sub(room.max(1));
    let names = all.iter().map(|alert| about(app, alert).width()).max().unwrap_or_default();
    let names = names.min(24).min(usize::from(inside.width) / 4);
    for (n, alert) in all.iter().enumerate().skip(from).take(room) {
        let here = n == app.attention_at && app.panel == 0;
        let line = one(app, alert, look, (names, usize::from(inside.width)), here);
        lines.push(if here { line.style(Look::cursor()) } else { line });
    }
    if all.is_empty() && lost.is_empty() {
        let width = usize::from(inside.width);
        lines.extend(
            quiet(app).iter().map(|text| Line::raw(table::fit(&look.text(text), width, false, look))),
        );
    }
    frame.render_widget(Paragraph::new(lines), inside);
}

/// What there is to say when nothing needs a look: what the daemon remarks about itself, or that all is well.
pub(super) fn quiet(app: &App) -> Vec<String> {
    let data = app.data.as_ref();
    let health = data.map(|data| data.status.health.as_str()).unwrap_or_default();
    match data.map(|data| data.status.concerns.as_slice()) {
        None | Some([]) => vec![format!("The daemon is {health}.")],
        Some(concerns) => concerns.iter().map(|text| format!("INFO {text}")).collect(),
    }
}

/// The webhook that an alert is about.
fn webhook<'a>(app: &'a App, alert: &Alert) -> Option<&'a WebhookLine> {
    let (_, overview) = app.overview.as_ref()?;
    let all = (alert.object.known() == Some(ObjectKind::Webhook)).then_some(&overview.webhooks)?;
    all.iter().find(|line| line.id == alert.name)
}

/// What an alert is about: of a webhook its service and its host, as an id says nothing to anybody; where two would be
/// called the same, the path instead of the host.
fn about(app: &App, alert: &Alert) -> String {
    let Some(line) = webhook(app, alert) else { return end(&alert.name) };
    let called = |line: &WebhookLine| (line.service.clone(), place(&line.url).0.to_owned());
    let all = app.overview.iter().flat_map(|(_, overview)| &overview.webhooks);
    let (host, path) = place(&line.url);
    let twins = all.filter(|it| called(it) == called(line)).count() > 1;
    if twins && path.len() > 1 {
        format!("{}{path}", line.service)
    } else {
        format!("{}/{host}", line.service)
    }
}

/// The host and the path of a URL, without what may be a password.
fn place(url: &str) -> (&str, &str) {
    let rest = webhooks::bare(url).split(['?', '#']).next().unwrap_or_default();
    let (host, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
    (host.rsplit('@').next().unwrap_or_default(), path)
}

fn one(app: &App, alert: &Alert, look: Look, (names, width): (usize, usize), here: bool) -> Line<'static> {
    let (word, tone) = match alert.severity.known() {
        Some(Severity::Critical) => ("CRIT", Tone::Bad),
        Some(Severity::Warning) => ("WARN", Tone::Warn),
        _ => ("INFO", Tone::Plain),
    };
    let since = alert.since.map(|at| format!(", {}", lasting(app, at))).unwrap_or_default();
    let until = alert.until.map(|at| format!(", may end {}", ahead(app, at))).unwrap_or_default();
    let name = table::fit(&look.text(&about(app, alert)), names, false, look);
    let begin = format!(" {:<8} {name}  ", alert.object.to_string());
    let pointer = if here { ">" } else { " " };
    let goes = format!(" [enter] {}", Page::of_alert(alert).digit());
    let room = width.saturating_sub(5 + goes.len());
    // Whose webhook it is stands in its name.
    let service = webhook(app, alert).map(|line| format!("of service {}: ", line.service));
    let fact = service.and_then(|text| alert.fact.strip_prefix(&text)).unwrap_or(&alert.fact);
    let fact = look.text(fact);
    // Since when, and until when, is not what a long fact may cost; in little room only since when.
    let left = |end: &str| room.saturating_sub(begin.width() + end.width());
    let ends = [format!("{since}{until}"), since, String::new()];
    let end = ends.iter().find(|end| left(end) >= fact.width().min(16)).map_or("", String::as_str);
    let fact = if fact.width() > left(end) { table::fit(&fact, left(end), false, look) } else { fact };
    let text = table::fit(&format!("{begin}{fact}{end}"), room, false, look);
    Line::from(vec![
        Span::raw(pointer),
        Span::styled(word, look.style(tone)),
        Span::raw(text),
        Span::styled(goes, look.style(Tone::Dim)),
    ])
}
