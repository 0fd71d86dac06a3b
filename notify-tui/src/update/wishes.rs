//! From what somebody wishes to a change: at once, or after a question as grave as the change.

use super::dialog::same;
use super::{export, lines};
use crate::ask::{Question, Slot};
use crate::deed::{Deed, verb};
use crate::message::Cmd;
use crate::state::{App, Dialog, Item as _, Notes, Over, Page, Rows, Wish};
use chrono::TimeDelta;
use notify_proto::bulk::{Again, BulkRequest};
use notify_proto::control::Limit;
use notify_proto::webhook::RecoverRequest;
use notify_proto::{BulkOp, DeliveryId, NotificationId, Status};

/// Does it, or asks before.
pub(super) fn grant(app: &mut App, wish: Wish, cmds: &mut Vec<Cmd>) {
    match deed(app, wish) {
        Ok(Granted::Now(deed)) => settle(app, deed, cmds),
        Ok(Granted::Ask(dialog)) => ask(app, dialog),
        Err(why) => app.say(why),
    }
}

/// Does it at once, unless somebody wants a question before every change.
pub(super) fn settle(app: &mut App, deed: Deed, cmds: &mut Vec<Cmd>) {
    match Dialog::before(&deed, app.settings.confirm) {
        Some(dialog) => ask(app, dialog),
        None => make(app, deed, None, cmds),
    }
}

/// Asks, as gravely as somebody wants it at least.
pub(super) fn ask(app: &mut App, dialog: Dialog) {
    app.over = Some(Over::Dialog(Box::new(dialog.at_least(app.settings.confirm))));
}

/// What comes of a wish.
pub(super) enum Granted {
    /// It is done.
    Now(Deed),
    /// This is asked first.
    Ask(Dialog),
}

/// Has the daemon make a change, and logs its line.
pub(super) fn make(app: &mut App, deed: Deed, reason: Option<String>, cmds: &mut Vec<Cmd>) {
    if app.slots.pending(Slot::Deed) {
        return app.say("one change at a time: the daemon is still at the last one");
    }
    let line = deed.line(reason.as_deref());
    app.say(line.clone());
    app.note(line);
    let number = app.slots.ask(Slot::Deed, app.now.instant);
    cmds.push(Cmd::Ask(Slot::Deed, number, Box::new(Question::Deed(deed, reason))));
}

/// The notifications that are marked, or the one under the cursor.
fn chosen(app: &App) -> Result<Vec<NotificationId>, String> {
    let notes = app.notes_of(app.page).ok_or("there are no notifications here")?;
    let marked = notes.list.marked();
    let ids = if marked.is_empty() { notes.list.here().into_iter().collect() } else { marked };
    if !told(notes, &ids).is_empty() {
        return Err("a webhook is told that: R tells it now, enter goes to the webhook".into());
    }
    let ids: Vec<NotificationId> = ids.iter().filter_map(|id| id.parse().ok()).collect();
    if ids.is_empty() { Err("there is nothing under the cursor".into()) } else { Ok(ids) }
}

/// Those of these ids that are of what webhooks are told.
fn told(notes: &Notes, ids: &[String]) -> Vec<DeliveryId> {
    let of = notes.list.rows().iter().filter(|row| ids.contains(&row.id()));
    of.filter_map(|row| row.webhook.as_ref().map(|told| told.id)).collect()
}

/// Tells webhooks now what is marked or under the cursor, when nothing else is.
fn tell_now(app: &App) -> Option<Granted> {
    let notes = app.notes_of(app.page).filter(|_| app.page == Page::Retries)?;
    let marked = notes.list.marked();
    let ids = if marked.is_empty() { notes.list.here().into_iter().collect() } else { marked };
    let told = told(notes, &ids);
    (!told.is_empty() && told.len() == ids.len()).then(|| again(told))
}

/// Asks whether webhooks shall be told this once more.
fn again(ids: Vec<DeliveryId>) -> Granted {
    let deed = Deed::Resend(ids);
    let why = "It can reach the receiver twice; receivers should key on notification id and event.";
    let lines = vec![why.to_owned(), format!("same as {}", deed.line(None))];
    Granted::Ask(Dialog::yes("tell again", lines, deed))
}

fn few(ids: &[NotificationId]) -> Vec<String> {
    let mut lines: Vec<_> = ids.iter().take(5).map(ToString::to_string).collect();
    if ids.len() > 5 {
        lines.push(format!("and {} more", ids.len() - 5));
    }
    lines
}

pub(super) fn named(app: &App) -> Result<String, String> {
    app.rows().and_then(Rows::here).ok_or_else(|| "there is nothing under the cursor".into())
}

fn deed(app: &App, wish: Wish) -> Result<Granted, String> {
    match wish {
        Wish::Retry if let Some(granted) = tell_now(app) => Ok(granted),
        Wish::Retry | Wish::Cancel | Wish::Bury | Wish::Postpone => notifications(app, wish),
        Wish::Reroute => reroute(app),
        Wish::RetryAll => bulk(app, BulkOp::Retry),
        Wish::CancelAll => bulk(app, BulkOp::Cancel),
        Wish::BuryAll => bulk(app, BulkOp::Bury),
        Wish::DiscardAll => bulk(app, BulkOp::Discard),
        Wish::RunAll => bulk(app, BulkOp::Run),
        Wish::Pause | Wish::Limit | Wish::Open | Wish::HalfOpen | Wish::Close => lines::force(app, wish),
        Wish::Switch => switch(app),
        Wish::Sooner | Wish::Later => lines::order(app, wish == Wish::Sooner),
        Wish::Call => {
            let name = named(app)?;
            let call = Deed::Call(name.clone(), String::new());
            let lines = vec![
                "One real call: whoever this is gets a message, unless the provider is simulated.".to_owned(),
                "Its channel is the first one of the provider.".to_owned(),
                format!("{}RECIPIENT", same(&call, None).trim_end_matches("''")),
            ];
            let dialog = Dialog::yes(format!("call {name}"), lines, call);
            Ok(Granted::Ask(dialog.field("to", "").field("reason", "")))
        }
        Wish::Rotate if app.page == Page::Services => {
            new_key(app).map(Granted::Ask).ok_or_else(|| "there is nothing under the cursor".into())
        }
        Wish::Test | Wish::Resend | Wish::Recover | Wish::Rotate => webhook(app, wish),
        Wish::Revoke | Wish::Unlock | Wish::New | Wish::Remove => service(app, wish),
    }
}

fn notifications(app: &App, wish: Wish) -> Result<Granted, String> {
    let ids = chosen(app)?;
    let one = ids.len() == 1;
    let waits = |id: &NotificationId| {
        let rows = app.notes_of(app.page).map(|notes| notes.list.rows()).unwrap_or_default();
        let status = rows.iter().find(|row| row.id == *id).and_then(|row| row.status.known());
        matches!(status, Some(Status::Pending | Status::Retrying))
    };
    let op = match wish {
        Wish::Retry if app.page == Page::Retries || ids.iter().all(waits) => BulkOp::Run,
        Wish::Retry => BulkOp::Retry,
        Wish::Cancel => BulkOp::Cancel,
        Wish::Bury if app.page == Page::Dead => BulkOp::Discard,
        Wish::Bury => BulkOp::Bury,
        _ => BulkOp::Postpone,
    };
    let lasting = longer(app, &ids);
    let until = (op == BulkOp::Postpone).then(|| app.now.wall + TimeDelta::minutes(lasting));
    let deed = Deed::Notifications(op, ids.clone(), until);
    let mut lines = few(&ids);
    lines.push(String::new());
    lines.push(
        match op {
            BulkOp::Retry => "Each starts again with a fresh budget of attempts.",
            BulkOp::Run => "Each is due now, instead of waiting for its time.",
            BulkOp::Cancel => "What was not sent yet is revoked; what is under way or final refuses.",
            BulkOp::Bury => "Each is given up and goes to the dead letters; no webhook hears of it.",
            BulkOp::Discard => "Each is removed from the log. There is no way back.",
            BulkOp::Postpone | BulkOp::Move => "Each waits until then.",
        }
        .into(),
    );
    lines.push(format!("same as {}", deed.line(None)));
    let title = format!(
        "{} {}",
        verb(op),
        if one { "1 notification".into() } else { format!("{} notifications", ids.len()) }
    );
    Ok(match op {
        BulkOp::Retry | BulkOp::Run if one => Granted::Now(deed),
        BulkOp::Discard => {
            let wanted = format!("discard {}", ids.len());
            Granted::Ask(Dialog::typed(title, lines, wanted, deed).field("reason", ""))
        }
        BulkOp::Postpone => {
            Granted::Ask(Dialog::yes(title, lines, deed).field("for", &crate::deed::minutes(lasting)))
        }
        _ => Granted::Ask(Dialog::yes(title, lines, deed)),
    })
}

/// For how many minutes from now these wait when they are postponed: ten beyond the last of their times.
fn longer(app: &App, ids: &[NotificationId]) -> i64 {
    let rows = app.notes_of(app.page).map(|notes| notes.list.rows()).unwrap_or_default();
    let due = rows.iter().filter(|row| ids.contains(&row.id));
    let last = due.filter_map(|row| row.next_attempt_at.or(row.scheduled_at)).max();
    let ahead = last.map_or(0, |at| (at - app.now.wall).num_seconds()).max(0);
    (ahead + 59) / 60 + 10
}

/// With whom else, of those that the overview tells of.
fn reroute(app: &App) -> Result<Granted, String> {
    let ids = chosen(app)?;
    let mut lines = few(&ids);
    lines.push(String::new());
    lines.push("Each is tried at once by that one alone, and keeps its count of retries.".into());
    lines.push("Where an earlier attempt may have arrived, it is flagged as a possible duplicate.".into());
    if let Some((_, overview)) = &app.overview {
        let active = overview.providers.iter().filter(|it| it.active).map(|it| it.name.as_str());
        lines.push(format!("Switched on: {}", active.collect::<Vec<_>>().join(", ")));
    }
    let title = match ids.len() {
        1 => "other provider for 1 notification".to_owned(),
        many => format!("other provider for {many} notifications"),
    };
    let deed = Deed::Reroute(ids, String::new());
    lines.push(format!("same as {}NAME", deed.line(None).trim_end_matches("''")));
    Ok(Granted::Ask(Dialog::yes(title, lines, deed).field("provider", "").field("reason", "")))
}

fn bulk(app: &App, op: BulkOp) -> Result<Granted, String> {
    let filter = export::matching(app)?;
    // What is only written goes as fast as it goes; what goes to providers that may just have come back does not.
    let paced = matches!(op, BulkOp::Retry | BulkOp::Run);
    Ok(Granted::Now(Deed::Count(Box::new(BulkRequest {
        again: Again::default(),
        op: op.into(),
        filter,
        until: None,
        notify: false,
        cutoff: None,
        expect: None,
        limit: None,
        rate_per_second: if paced { app.settings.bulk_pace.limit() } else { Limit::Keep },
    }))))
}

fn switch(app: &App) -> Result<Granted, String> {
    let nothing = || "there is nothing under the cursor".to_owned();
    let (deed, what, on) = match app.page {
        Page::Providers => {
            let provider = app.providers.list.current().ok_or_else(nothing)?;
            (Deed::Provider(provider.name.clone(), !provider.active), provider.name.clone(), !provider.active)
        }
        Page::Webhooks => {
            let webhook = app.webhooks.list.current().ok_or_else(nothing)?;
            (Deed::Webhook(webhook.id, !webhook.is_active), webhook.url.clone(), !webhook.is_active)
        }
        _ => {
            let service = app.services.list.current().ok_or_else(nothing)?;
            (Deed::Service(service.name.clone(), !service.active), service.name.clone(), !service.active)
        }
    };
    if on {
        return Ok(Granted::Now(deed));
    }
    let why = match app.page {
        Page::Providers => "Nothing goes to it any more.",
        Page::Webhooks => "It is told nothing any more, until it is switched on.",
        _ => "All its requests are refused.",
    };
    let lines = vec![why.to_owned(), format!("same as {}", deed.line(None))];
    Ok(Granted::Ask(Dialog::yes(format!("switch off {what}"), lines, deed).field("reason", "")))
}

fn webhook(app: &App, wish: Wish) -> Result<Granted, String> {
    let webhook = app.webhooks.list.current().ok_or("there is nothing under the cursor")?;
    Ok(match wish {
        Wish::Test => Granted::Now(Deed::TestWebhook(webhook.id)),
        Wish::Resend => {
            let marked = app.webhooks.told.marked();
            let ids = if marked.is_empty() { app.webhooks.told.here().into_iter().collect() } else { marked };
            let ids: Vec<_> = ids.iter().filter_map(|id| id.parse().ok()).collect();
            if !app.side || ids.is_empty() {
                return Err("Tab to the deliveries, and choose what to tell again".into());
            }
            again(ids)
        }
        Wish::Recover => {
            let request = RecoverRequest {
                statuses: Vec::new(),
                events: Vec::new(),
                since: app.now.wall - TimeDelta::hours(2),
                until: None,
                expect: None,
                rate_per_second: app.settings.bulk_pace.limit(),
            };
            let deed = Deed::CountFailed(webhook.id, Box::new(request));
            let lines = vec!["First it is counted; then you are asked.".to_owned(), same(&deed, None)];
            Granted::Ask(Dialog::yes("tell again what failed", lines, deed).field("since", "2h"))
        }
        _ => {
            let deed = Deed::Rotate(webhook.id, 86_400);
            let lines = vec![
                format!("{} gets another signing secret, which is shown this once.", webhook.url),
                "The one so far signs as well for the grace time; 0s for not at all.".into(),
                same(&deed, None),
            ];
            let dialog = Dialog::typed("another secret", lines, webhook.service_name.clone(), deed);
            Granted::Ask(dialog.field("grace", "24h"))
        }
    })
}

fn service(app: &App, wish: Wish) -> Result<Granted, String> {
    if wish == Wish::New {
        let deed = Deed::NewService(String::new());
        let line = format!("{}NAME", same(&deed, None).trim_end_matches("''"));
        let lines = vec!["Its first key is shown this once.".to_owned(), line];
        return Ok(Granted::Ask(Dialog::yes("a new service", lines, deed).field("name", "")));
    }
    let service = app.services.list.current().ok_or("there is nothing under the cursor")?;
    let name = service.name.clone();
    match wish {
        Wish::Unlock => return Ok(Granted::Now(Deed::Unlock(name))),
        // First it is counted; then somebody is asked.
        Wish::Remove => return Ok(Granted::Now(Deed::CountService(name))),
        _ => {}
    }
    let keys = app.services.keys.as_ref().filter(|(it, _)| *it == name).map(|(_, keys)| keys.as_slice());
    let alive = keys.unwrap_or_default().iter().find(|key| key.revoked_at.is_none());
    let prefix = alive.map(|key| key.prefix.clone()).unwrap_or_default();
    let deed = Deed::RevokeKey(name.clone(), prefix.clone());
    let lines = vec!["Requests with this key are refused from now on.".to_owned(), same(&deed, None)];
    Ok(Granted::Ask(Dialog::typed("revoke a key", lines, name, deed).field("prefix", &prefix)))
}

/// The dialog for a new key; it comes from a menu.
fn new_key(app: &App) -> Option<Dialog> {
    let name = app.services.list.current()?.name.clone();
    let deed = Deed::NewKey(name.clone(), 86_400);
    let lines = vec![
        format!("{name} gets a new key, which is shown this once."),
        "Its other keys work for the grace time; 0s for not at all.".into(),
        same(&deed, None),
    ];
    Some(Dialog::typed("a new key", lines, name, deed).field("grace", "24h"))
}
