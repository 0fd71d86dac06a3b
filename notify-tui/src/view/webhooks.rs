//! View 7: who is told what, and whether they take it.

use super::absent;
use super::hook;
use super::look::{Look, Tone, grouped};
use super::notes;
use super::panel::{self, Detail, Words, fact, heading};
use super::table::{self, Cell, Column, left, right};
use super::time::{ago, ahead, past, percent, took_or};
use crate::message::Slot;
use crate::state::App;
use notify_proto::overview::{Alert, WebhookLine};
use notify_proto::webhook::{DeliveryView, WebhookView};
use notify_proto::{AlertKind, WebhookId, WebhookStatus};
use ratatui::Frame;
use ratatui::layout::{Constraint, Layout, Rect};
use ratatui::text::Line;
use ratatui::widgets::{Paragraph, Wrap};
use unicode_width::UnicodeWidthStr as _;

pub(super) const COLUMNS: [Column; 12] = [
    left("ENDPOINT", 20, 0),
    left("URL", 48, 1),
    left("STATE", 12, 0),
    right("ACK% 5m", 7, 1),
    right("ACK/s", 7, 3),
    right("WAIT", 7, 2),
    right("RETRY", 7, 2),
    right("FAILED", 7, 3),
    right("P95", 7, 4),
    right("ACK RATE 60m", 15, 5),
    right("NACK", 7, 7),
    right("LAST", 15, 6),
];

const TOLD: [Column; 10] = [
    left("DELIVERY", 36, 0),
    left("NOTIF", 36, 4),
    left("EVENT", 16, 1),
    left("STATE", 14, 0),
    right("TRY", 3, 3),
    right("HTTP", 4, 1),
    right("LATENCY", 7, 3),
    right("NEXT", 11, 2),
    right("AGE", 11, 1),
    left("RESPONSE", 50, 2),
];

/// How a webhook stands.
pub(super) fn state(app: &App, webhook: &WebhookView) -> (String, Tone) {
    match (&webhook.disabled_reason, webhook.is_active, webhook.failing_since) {
        (Some(why), ..) => (format!("x {why}"), Tone::Bad),
        (None, false, _) => ("- off".into(), Tone::Dim),
        _ if takes_some(app, &webhook.id.to_string()) => (LOW.0.into(), LOW.1),
        (None, true, Some(_)) => ("! failing".into(), Tone::Warn),
        (None, true, None) => ("+ ok".into(), Tone::Good),
    }
}

/// What is said of a webhook that takes something, and less than the daemon wants.
pub(super) const LOW: (&str, Tone) = ("! low ack", Tone::Warn);

/// Whether it is one of those. Between two refusals such a webhook is well, and between two acknowledgements it fails: its
/// state would change with each look.
pub(super) fn takes_some(app: &App, id: &str) -> bool {
    let Some((_, overview)) = &app.overview else { return false };
    let told = |alert: &Alert| alert.kind.known() == Some(AlertKind::AckRate) && alert.name == id;
    line_of(app, id).is_some_and(|line| line.ack_share.is_some_and(|share| share > 0.0))
        && overview.attention.iter().any(told)
}

/// A URL without its scheme.
pub(super) fn bare(url: &str) -> &str {
    url.split_once("://").map_or(url, |(_, rest)| rest)
}

/// Where a webhook is, in so many cells: the end of its URL, as many begin alike.
pub(super) fn place(app: &App, id: WebhookId, width: usize, look: Look) -> String {
    let row = app.webhooks.list.rows().iter().find(|it| it.id == id).map(|it| it.url.as_str());
    let name = id.to_string();
    let url = row.or_else(|| line_of(app, &name).map(|line| line.url.as_str()));
    let text = url.map_or_else(|| notes::end(&name), |url| bare(url).to_owned());
    let text = look.text(&text);
    if text.width() <= width {
        return table::fit(&text, width, false, look);
    }
    let mut rest = &*text;
    while rest.width() + 1 > width {
        let mut chars = rest.chars();
        chars.next();
        rest = chars.as_str();
    }
    let cut = format!("{}{rest}", if look.ascii { '~' } else { '…' });
    table::fit(&cut, width, false, look)
}

/// Whose webhook it is, as far as that is known.
pub(super) fn service(app: &App, id: &str) -> Option<String> {
    line_of(app, id).map(|line| line.service.clone())
}

/// The numbers of a webhook.
pub(super) fn line_of<'a>(app: &'a App, id: &str) -> Option<&'a WebhookLine> {
    let (_, overview) = app.overview.as_ref()?;
    overview.webhooks.iter().find(|line| line.id == id)
}

pub(super) fn list(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let (sort, back) = app.webhooks.list.order();
    let words = Words {
        title: "Webhooks",
        columns: &COLUMNS,
        order: format!("{sort}{}", if back { ", backwards" } else { "" }),
        total: String::new(),
        skipped: 0,
        more: false,
        empty: "No webhooks yet: notifyctl webhook create --service NAME --url URL",
        slot: Slot::List,
        focus: !app.side,
        main: true,
    };
    panel::list(app, look, frame, area, &app.webhooks.list, &words, |webhook| {
        let line = line_of(app, &webhook.id.to_string());
        let known =
            |pick: &dyn Fn(&WebhookLine) -> String| Cell::from(line.map_or_else(|| "--".into(), pick));
        vec![
            webhook.service_name.as_str().into(),
            // On a small screen what differs from one to the next goes before how it is called.
            if app.size.0 < 120 { bare(&webhook.url) } else { &webhook.url }.into(),
            state(app, webhook).into(),
            known(&|line| percent(line.ack_share)),
            known(&|line| format!("{:.1}", line.acks_per_second)),
            known(&|line| grouped(line.waiting)),
            known(&|line| grouped(line.retrying)),
            known(&|line| grouped(line.failed)),
            known(&|line| took_or(line.ack_ms.p95)),
            known(&|line| look.spark(line.trend.iter().map(|point| point.unwrap_or(f64::NAN)), 15)),
            known(&|line| grouped(line.nacks)),
            known(&|line| {
                let code = line.last_code.map(|code| format!("{code} ")).unwrap_or_default();
                line.last_at.map_or_else(|| "--".into(), |at| format!("{code}{}", ago(app, at)))
            }),
        ]
    });
}

/// The room for what is known of it, for its deliveries, and for the last answer.
pub(super) fn cut(area: Rect) -> (Rect, Rect, Rect) {
    let answer = u16::from(area.height >= 18) * 4;
    let facts = if area.height >= 15 { 9 } else { 0 };
    let [facts, told, answer] =
        Layout::vertical([Constraint::Length(facts), Constraint::Min(3), Constraint::Length(answer)])
            .areas(area);
    (facts, told, answer)
}

/// How it has done, its settings, its deliveries, and the answer to the one under the cursor.
pub(super) fn below(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let (facts_area, told_area, answer_area) = cut(area);
    if facts_area.height > 0 {
        hook::draw(app, look, frame, facts_area);
    }
    deliveries(app, look, frame, told_area);
    if answer_area.height > 0 {
        frame.render_widget(said(app, look), answer_area);
    }
}

fn delivery_state(delivery: &DeliveryView) -> (String, Tone) {
    let (mark, tone) = match delivery.status.known() {
        Some(WebhookStatus::Acknowledged) => ("+", Tone::Good),
        Some(WebhookStatus::Retrying) => ("~", Tone::Warn),
        Some(WebhookStatus::Failed) => ("x", Tone::Bad),
        _ => ("o", Tone::Plain),
    };
    (format!("{mark} {}", delivery.status), tone)
}

fn deliveries(app: &App, look: Look, frame: &mut Frame<'_>, area: Rect) {
    let current = app.webhooks.list.current().map(|webhook| webhook.id);
    let total = app.webhooks.total.filter(|(id, _)| Some(*id) == current);
    let words = Words {
        title: "Deliveries",
        columns: &TOLD,
        order: format!("newest first{}", if app.side { "" } else { "  Tab goes there" }),
        total: total.map(|(_, total)| grouped(total)).unwrap_or_default(),
        skipped: 0,
        more: false,
        empty: "It was told nothing yet; T sends a test event.",
        slot: Slot::Detail,
        focus: app.side,
        main: false,
    };
    let end = |id: String| if app.wide || app.size.0 >= 200 { id } else { notes::end(&id) };
    panel::list(app, look, frame, area, &app.webhooks.told, &words, |delivery| {
        let code = delivery.response_status_code.map_or_else(|| "--".into(), |code| code.to_string());
        vec![
            end(delivery.id.to_string()).into(),
            delivery.notification_id.map_or_else(|| "test".into(), |id| end(id.to_string())).into(),
            delivery.event.to_string().into(),
            delivery_state(delivery).into(),
            delivery.attempt_count.to_string().into(),
            code.into(),
            took_or(delivery.duration_ms.and_then(|ms| u32::try_from(ms).ok()).map(f64::from)).into(),
            delivery.next_attempt_at.map_or_else(|| "--".into(), |at| ahead(app, at)).into(),
            ago(app, delivery.created_at).into(),
            delivery.error_message.clone().unwrap_or_default().into(),
        ]
    });
}

/// All that is known of the delivery under the cursor: what it tells, and what was answered each time.
pub(super) fn told(app: &App, look: Look) -> Detail {
    let Some(it) = app.webhooks.told.current() else { return Detail::default() };
    let (state, _) = delivery_state(it);
    let of = it.notification_id.map_or_else(|| "none: it is a test".into(), |id| id.to_string());
    let next = it.next_attempt_at.map_or_else(|| "--".into(), |at| ahead(app, at));
    let facts = vec![
        fact(look, "delivery", &it.id.to_string()),
        fact(look, "notif", &of),
        fact(look, "event", &it.event.to_string()),
        fact(look, "state", &state),
        fact(look, "tries", &it.attempt_count.to_string()),
        fact(look, "next", &next),
        fact(look, "owed", &past(app, it.created_at)),
    ];
    let story = app.webhooks.story.as_ref().filter(|story| story.delivery.id == it.id);
    let Some(story) = story else { return (facts, vec![Line::raw("asking ...")]) };
    let mut lines = vec![heading(look, "what was answered")];
    for attempt in story.attempts.iter().rev() {
        let code = attempt.response_status_code.map_or_else(|| "no answer".into(), |code| code.to_string());
        let took = took_or(u32::try_from(attempt.duration_ms).ok().map(f64::from));
        let when = past(app, attempt.at);
        lines.push(Line::raw(look.text(&format!("  try {}  {code}  {took}  {when}", attempt.number))));
        let said = attempt.response_body.as_ref().or(attempt.error_message.as_ref());
        lines.extend(
            said.into_iter()
                .flat_map(|said| said.lines())
                .map(|said| Line::styled(look.text(&format!("    {said}")), look.style(Tone::Dim))),
        );
    }
    (facts, lines)
}

/// What the endpoint answered to the delivery under the cursor.
fn said(app: &App, look: Look) -> Paragraph<'static> {
    let block = look.block("the last answer to it", Tone::Plain);
    let here = app.webhooks.told.current();
    let story = app.webhooks.story.as_ref();
    let story = story.filter(|story| here.is_some_and(|here| here.id == story.delivery.id));
    let text = match story.map(|story| &story.delivery) {
        _ if app.side && absent::trouble(app, Slot::Side).is_some() => {
            absent::trouble(app, Slot::Side).unwrap_or_default()
        }
        Some(DeliveryView { response_status_code: None, error_message, .. }) => {
            error_message.clone().unwrap_or_else(|| "none yet".into())
        }
        Some(delivery) => {
            let code = delivery.response_status_code.unwrap_or_default();
            format!("{code}  {}  (J: all of it)", delivery.response_body.as_deref().unwrap_or("(empty)"))
        }
        None if app.side => absent::asking(app).into(),
        None => "Tab to the deliveries shows what was answered".into(),
    };
    Paragraph::new(look.text(&text)).wrap(Wrap { trim: true }).block(block)
}
