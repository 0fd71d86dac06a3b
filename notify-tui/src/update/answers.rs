//! What an answer changes.

use super::{counted, wishes};
use crate::ask::{Answer, Failure, Slot};
use crate::deed::{Deed, Outcome, several};
use crate::state::{App, Data, Entry, Over, Page, Rates, Rows as _, weights};
use notify_proto::upkeep::{OperationState, grouped};
use notify_proto::view::StatusView;
use notify_proto::webhook::DeliveryView;
use std::time::Duration;

/// Takes an answer that was awaited.
pub(super) fn take(app: &mut App, slot: Slot, answer: Answer, took: Duration) {
    match answer {
        Answer::Status(status) => {
            if app.page == Page::Providers || app.providers.list.rows().is_empty() {
                app.providers.list.fill(status.providers.clone());
            }
            app.data = Some(data(app, *status, took));
        }
        Answer::Overview(reply) => {
            if let Some(overview) = reply.overview {
                app.queues.list.weigh(weights::queues(&overview));
                app.providers.list.weigh(weights::providers(&overview));
                app.webhooks.list.weigh(weights::webhooks(&overview));
                app.overview = Some((Some(reply.rev), overview));
            }
        }
        Answer::Events(view) => app.live.fill(*view),
        Answer::Page(page) => {
            let (open, waits) = (app.open, app.page == Page::Retries);
            let mut told = true;
            if let Some(notes) = app.notes_mut() {
                let here = notes.list.here();
                notes.list.pinned = open;
                let by_age = !waits && !notes.most_tried && !notes.list.follow;
                notes.fill(*page, by_age);
                told = notes.list.here() == here;
            }
            if !told {
                // Nobody waits for what was told of the one before.
                app.slots.forget(Slot::Detail);
                app.slots.due(Slot::Detail, Some(app.now.instant + super::STILL));
            }
        }
        Answer::Count(counts) => {
            if let Some(notes) = app.notes_mut() {
                notes.counts = Some(counts);
            }
        }
        Answer::Notification(story) => {
            if let Some(notes) = app.notes_mut() {
                notes.list.renew(story.detail.notification.clone().into());
                notes.story = Some(story);
            }
        }
        Answer::Faults(faults) => app.dead.faults = Some(faults),
        Answer::Histogram(histogram) => app.retries.histogram = Some(histogram),
        Answer::Groups(groups) => app.retries.groups = Some(groups),
        Answer::Queues(queues) => {
            app.queues.elsewhere = queues.elsewhere;
            app.queues.list.fill(queues.queues);
        }
        Answer::Shape(shape) => app.queues.shape = Some(shape),
        Answer::Provider(provider, route) => app.providers.shown = Some((provider, route)),
        Answer::Webhooks(webhooks) => app.webhooks.list.fill(webhooks),
        Answer::Log(name, events) => app.providers.log = Some((name, events)),
        Answer::Deliveries(id, page) => {
            if app.webhooks.total.is_some_and(|(before, _)| before != id) {
                app.webhooks.told.clear();
            }
            app.webhooks.total = Some((id, page.total));
            tested(app, &page.items);
            app.webhooks.told.fill(page.items);
            // Nobody stands in it: the newest are shown.
            if !app.side && !app.open && app.webhooks.told.marked().is_empty() {
                app.webhooks.told.end(true);
            }
        }
        Answer::Stats(id, stats) => app.webhooks.stats = Some((id, stats)),
        Answer::Delivery(story) => app.webhooks.story = Some(story),
        Answer::Services(services) => app.services.list.fill(services),
        Answer::Keys(service, keys) => app.services.keys = Some((service, keys)),
        Answer::Died(service, died) => app.services.died = Some((service, died)),
        Answer::Values(values) => app.values = values,
        Answer::Series(series) => app.series = Some(series),
        Answer::Config(config) => {
            let kept = config.settings.iter().find(|it| it.key == "store.keep_failed_days");
            app.kept_days = kept.and_then(|it| it.value.as_u64()).and_then(|days| u32::try_from(days).ok());
        }
        Answer::Operations(work) => {
            for before in app.running().map(|work| work.id.clone()).collect::<Vec<_>>() {
                let ended = work.iter().find(|work| work.id == before && work.finished_at.is_some());
                if let Some(result) = ended.and_then(|work| work.result.clone())
                    && !app.begun.contains(&before)
                {
                    app.say(format!("{before}: {result}"));
                }
            }
            app.work = work;
            ended(app);
        }
        Answer::Deed(deed, reason, outcome) => made(app, &deed, reason.as_deref(), outcome),
    }
    if slot == Slot::Deed {
        // What was changed is looked at again at once.
        for slot in [Slot::Status, Slot::List, Slot::Detail, Slot::Work, Slot::Overview] {
            app.slots.due(slot, None);
        }
    }
}

/// Takes a refusal, or that none came.
pub(super) fn refused(app: &mut App, slot: Slot, why: &Failure) {
    match slot {
        Slot::Deed => {
            let late = matches!(why, Failure::Late);
            let text =
                if late { "no answer in time: it may have happened, or not".into() } else { why.text() };
            finish(app, text);
        }
        Slot::Status if matches!(why, Failure::Refused(_)) => {
            app.say(format!("the daemon refused: {}", why.text()));
        }
        _ => {}
    }
}

/// Says and logs what came of what was begun from here.
fn ended(app: &mut App) {
    for id in std::mem::take(&mut app.begun) {
        let Some(work) = app.work.iter().find(|work| work.id == id) else { continue };
        if work.state == OperationState::Running {
            app.begun.push(id);
            continue;
        }
        let error = work.error.as_ref().map(|error| error.message.clone());
        let result = work.result.clone().or(error).unwrap_or_else(|| work.state.as_str().to_owned());
        let first = work.refusals.first().map(|first| format!("; first refused: {}", first.message));
        let text = format!("{id}: {result}{}", first.unwrap_or_default());
        let begins = format!("operation {id} ");
        let of = |entry: &&mut Entry| entry.result.as_ref().is_some_and(|it| it.starts_with(&begins));
        if let Some(entry) = app.log.iter_mut().rev().find(of) {
            entry.result = Some(text.clone());
        }
        app.say(text);
    }
}

/// What stands behind the id of a test event until it was told.
const UNDER_WAY: &str = " is on its way";

/// Says and logs what came of a test event, once it was told or was not taken.
fn tested(app: &mut App, told: &[DeliveryView]) {
    let waits = |entry: &&mut crate::state::Entry| {
        entry.result.as_ref().is_some_and(|result| result.ends_with(UNDER_WAY))
    };
    let Some(entry) = app.log.iter_mut().rev().find(waits) else { return };
    let result = entry.result.clone().unwrap_or_default();
    let id = result.strip_prefix("test event ").and_then(|rest| rest.strip_suffix(UNDER_WAY));
    let event = told.iter().find(|it| id.is_some_and(|id| it.id.to_string() == id));
    let Some((event, at)) = event.and_then(|it| Some((it, it.acknowledged_at.or(it.last_attempt_at)?)))
    else {
        return;
    };
    let code = event.response_status_code.map(|code| code.to_string());
    let said = code.or_else(|| event.error_message.clone()).unwrap_or_else(|| "no answer".into());
    let took = (at - event.created_at).num_milliseconds().max(0);
    let text = format!("test event {} is {}: {said} after {took}ms", event.id, event.status);
    entry.result = Some(text.clone());
    app.say(text);
}

/// Says and logs what came of the last change.
fn finish(app: &mut App, text: String) {
    if let Some(entry) = app.log.iter_mut().rev().find(|entry| entry.result.is_none()) {
        entry.result = Some(text.clone());
    }
    app.say(text);
}

/// The same, with the line that takes it back.
fn undoable(app: &mut App, text: &str, deed: &Deed) {
    finish(app, text.to_owned());
    if let Some(line) = deed.undo() {
        app.say(format!("{text}; back: {line}"));
    }
}

fn made(app: &mut App, deed: &Deed, reason: Option<&str>, outcome: Outcome) {
    match outcome {
        Outcome::Done(text) => undoable(app, &text, deed),
        Outcome::Each(all) => {
            let refused: Vec<_> = all.iter().filter_map(|one| one.result.as_ref().err()).collect();
            let done = all.len() - refused.len();
            let text = match refused.first() {
                None => format!("{done} done"),
                Some(first) => format!("{done} done, {} refused: {}", refused.len(), first.message),
            };
            if done > 0 { undoable(app, &text, deed) } else { finish(app, text) }
        }
        Outcome::Started(id, total) => {
            app.begun.push(id.clone());
            let total = grouped(total);
            finish(app, format!("operation {id} has begun, {total} in all; :cancel {id} stops it"));
        }
        Outcome::Secret(what, secret) => {
            finish(app, format!("{what}: shown this once"));
            app.over = Some(Over::Secret(what, secret));
        }
        Outcome::Counted(request, view) => {
            finish(app, format!("{} match", grouped(view.total)));
            if view.total == 0 {
                return app.say("nothing matches that is in a state for it");
            }
            if let Some(dialog) = counted::matching(request, &view, reason) {
                wishes::ask(app, dialog);
            }
        }
        Outcome::Goes(removed) => {
            let (sent, webhooks) =
                (several(removed.notifications, "notification"), several(removed.webhooks, "webhook"));
            finish(app, format!("{sent}, {webhooks}"));
            wishes::ask(app, counted::service(*removed, reason));
        }
        Outcome::Failed(id, request, view) => {
            finish(app, format!("{} were not taken", grouped(view.total)));
            if view.total > 0 {
                wishes::ask(app, counted::failed(id, request, &view, reason));
            }
        }
    }
}

fn data(app: &App, status: StatusView, round_trip: Duration) -> Data {
    let rates = app.data.as_ref().and_then(|before| {
        let apart = app.now.instant.saturating_duration_since(before.at.instant);
        Rates::between(&before.status, &status, apart)
    });
    let before = app.data.as_ref().map(|before| before.shown_trip);
    let shown_trip =
        before.filter(|it| alike(*it, round_trip)).map_or(round_trip, |it| (it * 7 + round_trip) / 8);
    Data { status, at: app.now, round_trip, shown_trip, rates }
}

/// Whether neither is more than twice the other.
fn alike(one: Duration, other: Duration) -> bool {
    one <= other * 2 && other <= one * 2
}
