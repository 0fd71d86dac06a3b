//! What the view wants to know now. Only what is seen is asked for.

use crate::ask::{Question, Slot};
use crate::state::{App, Notes, Over, Page};
use chrono::TimeDelta;
use notify_proto::GroupBy;
use notify_proto::control::{ListRequest, RouteRequest, WithWebhooks};
use notify_proto::filter::{Field, Filter, Term};
use notify_proto::line::NotificationLine;
use notify_proto::overview::{MAX_WEBHOOKS, Overview};
use notify_proto::schedule::GroupRequest;
use notify_proto::series::SeriesRequest;
use notify_proto::shape::ShapeRequest;
use notify_proto::webhook::DeliveryRequest;
use std::time::Duration;

/// Between two counts of what matches: they cost more than a page.
const COUNTS: Duration = Duration::from_secs(5);

/// Between two looks at what happens; of more than fits into one answer a sample is shown.
const HANDFUL: Duration = Duration::from_millis(200);

/// For how long names are taken as known.
const NAMES: Duration = Duration::from_secs(60);

/// Between two looks at many rows.
const LOOKS: Duration = Duration::from_secs(10);

/// How long after an answer the next question of this slot is due.
pub(super) fn pace(app: &App, slot: Slot) -> Duration {
    let pace = app.pace();
    match slot {
        // The daemon itself waits for the next event. Where many happen, they come by the handful.
        Slot::List if app.page == Page::Live && app.slots.trouble(slot).is_none() => {
            if app.focused {
                HANDFUL
            } else {
                pace
            }
        }
        Slot::Count | Slot::Side => pace.max(COUNTS),
        // Settings change when somebody reloads them.
        Slot::Also if app.page == Page::Dead => pace.max(NAMES),
        Slot::Also | Slot::Trend => pace.max(LOOKS),
        Slot::Names => pace.max(NAMES),
        // An older daemon has none, and need not be asked every second.
        Slot::Overview if app.slots.trouble(slot).is_some() => pace.max(Duration::from_secs(15)),
        Slot::Detail => pace.max(Duration::from_secs(2)),
        Slot::Status | Slot::List | Slot::Overview | Slot::Work | Slot::Deed => pace,
    }
}

/// The overview, unless the one that is there is the last and tells of as many webhooks as the view shows.
fn overview(app: &App) -> Question {
    // On the overview they have a quarter of the screen.
    let webhooks = if app.page == Page::Webhooks { MAX_WEBHOOKS } else { u32::from(app.size.1) / 4 };
    let known = |it: &Overview| it.webhooks_left_off == 0 || it.webhooks.len() >= webhooks as usize;
    let rev = app.overview.as_ref().filter(|(_, it)| known(it)).and_then(|(rev, _)| *rev);
    Question::Overview { rev, webhooks }
}

/// The questions of the view, each with its slot.
pub fn wanted(app: &App) -> Vec<(Slot, Question)> {
    let mut all = vec![(Slot::Status, Question::Status)];
    let overview = || (Slot::Overview, overview(app));
    match app.page {
        Page::Overview => all.push(overview()),
        Page::Queues => {
            all.extend([(Slot::List, Question::Queues), overview()]);
            if let Some(queue) = app.queues.list.current() {
                let request = ShapeRequest { queue: Some(queue.name.clone()), ..ShapeRequest::default() };
                all.push((Slot::Detail, Question::Shape(request)));
                if queue.provider_id.is_some() {
                    all.push((Slot::Also, series("provider", &queue.name, &["ready", "calls"])));
                }
            }
        }
        Page::Notifications => notes(app, &app.notes, None, Question::Notifications, &mut all),
        Page::Retries => {
            notes(app, &app.retries, None, Question::Schedule, &mut all);
            all.push((Slot::Side, Question::Histogram));
            if let Ok(mut filter) = app.retries.asked(None, app.now.wall) {
                let by = app.retries.by.0;
                if by == GroupBy::Webhook {
                    // What is owed to webhooks is known by its service alone.
                    filter.terms.retain(|term| matches!(term, Term::Is { field: Field::Service, .. }));
                }
                let by = by.into();
                all.push((Slot::Also, Question::Groups(GroupRequest { filter, by })));
            }
        }
        Page::Dead => {
            notes(app, &app.dead, Some("dead"), Question::Notifications, &mut all);
            if let Ok(filter) = app.dead.asked(None, app.now.wall) {
                all.push((Slot::Side, Question::Faults(filter)));
            }
            all.push((Slot::Also, Question::Config));
        }
        Page::Providers => {
            all.push(overview());
            if let Some(provider) = app.providers.list.current() {
                let channel = provider.channels.first().and_then(notify_proto::Open::known);
                let request = RouteRequest { channel, ..RouteRequest::default() };
                all.push((Slot::Detail, Question::Provider(provider.name.clone(), request)));
                all.push((Slot::Side, Question::Log(provider.name.clone())));
                all.push((Slot::Also, series("provider", &provider.name, &["calls", "errors"])));
            }
        }
        Page::Webhooks => {
            all.extend([(Slot::List, Question::Webhooks), overview()]);
            if let Some(webhook) = app.webhooks.list.current() {
                let request = DeliveryRequest { limit: 50, ..DeliveryRequest::default() };
                let since = app.now.wall - TimeDelta::hours(1);
                all.push((Slot::Detail, Question::Deliveries(webhook.id, request)));
                all.push((Slot::Also, Question::Stats(webhook.id, since)));
                all.push((Slot::Trend, series("webhook", &webhook.id.to_string(), &["told", "acks"])));
            }
            if let Some(told) = app.webhooks.told.current().filter(|_| app.side) {
                all.push((Slot::Side, Question::Delivery(told.id)));
            }
        }
        Page::Services => {
            all.push((Slot::List, Question::Services));
            if let Some(service) = app.services.list.current() {
                all.push((Slot::Detail, Question::Keys(service.name.clone())));
                all.push((Slot::Also, died(&service.name)));
            }
            all.push((Slot::Side, Question::Webhooks));
        }
        Page::Live if app.live.held => {}
        Page::Live => all.push((Slot::List, Question::Events(Box::new(app.live.request())))),
    }
    if matches!(&app.over, Some(Over::Bar(bar)) if !bar.command) {
        all.push((Slot::Names, Question::Values));
    }
    if app.running().next().is_some() || !app.begun.is_empty() || !app.slots.answered(Slot::Work) {
        all.push((Slot::Work, Question::Operations));
    }
    all
}

/// What was measured of a provider or a webhook in the last hour, a point for a minute.
fn series(kind: &str, of: &str, metrics: &[&str]) -> Question {
    let keys = metrics.iter().map(|metric| format!("{kind}/{of}/{metric}")).collect();
    Question::Series(SeriesRequest { keys, step_ms: 60_000, n: 60 })
}

/// The last dead letters of a service.
fn died(service: &str) -> Question {
    let is = |field, value: &str| Term::Is { field, values: vec![value.to_owned()], negate: false };
    let mut filter = Filter::default();
    filter.and(is(Field::Service, service));
    filter.and(is(Field::Status, "dead"));
    Question::Died(service.to_owned(), ListRequest { filter, limit: 5, ..ListRequest::default() })
}

fn notes(
    app: &App,
    notes: &Notes,
    only: Option<&str>,
    question: fn(ListRequest) -> Question,
    all: &mut Vec<(Slot, Question)>,
) {
    // A filter that cannot be read is not asked for; the bar says what is wrong with it.
    let Ok(filter) = notes.asked(only, app.now.wall) else { return };
    // Without a filter the header's counts say as much. With one the rows come first: they need less, and are waited for.
    if !notes.filter.is_empty() && app.page != Page::Retries && app.slots.answered(Slot::List) {
        all.push((Slot::Count, Question::Count(filter.clone())));
    }
    let mut filter = filter;
    filter.terms.extend(notes.held.map(Term::Until));
    let limit = u32::from(app.size.1).clamp(50, 200);
    let (cursor, most_tried) = (notes.cursor.clone(), notes.most_tried);
    let webhooks = if app.page == Page::Retries { WithWebhooks::Also } else { WithWebhooks::No };
    let request = ListRequest { filter, limit, cursor, most_tried, webhooks, ..ListRequest::default() };
    all.push((Slot::List, question(request)));
    // What is revealed is not asked for again: every look at it is written down.
    let seen = notes.told().is_some_and(|story| story.revealed);
    let has_story = |row: &&NotificationLine| !row.is_test();
    if let Some(row) = notes.list.current().filter(has_story).filter(|_| !seen) {
        let reveal = notes.reveal.is_some_and(|(id, until)| id == row.id && app.now.instant < until);
        all.push((Slot::Detail, Question::Notification(row.id, reveal)));
    }
}
