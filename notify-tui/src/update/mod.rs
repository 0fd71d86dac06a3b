//! What each message changes, and what to ask next. No I/O, no clock.

mod act;
mod answers;
mod counted;
mod dialog;
mod export;
mod input;
mod leave;
mod lines;
mod menus;
mod mouse;
mod open;
mod pace;
mod suggest;
mod travel;
mod wanted;
mod wishes;

pub(crate) use export::progress;
pub use suggest::suggestions;
pub use wanted::wanted;

use crate::message::{Cmd, Moment, Msg, Slot};
use crate::state::{App, Link, Page, wait};
use notify_proto::socket::NoDaemon;
use std::time::Duration;

/// After how long a cursor that stands still has its detail told.
pub(crate) const STILL: Duration = Duration::from_millis(120);

/// Takes one message.
pub fn update(app: &mut App, msg: Msg, now: Moment) -> Vec<Cmd> {
    app.now = now;
    app.dirty = true;
    app.notice.take_if(|notice| notice.until <= now.instant);
    let mut cmds = Vec::new();
    // Who presses a key looks, whatever the terminal says.
    if matches!(msg, Msg::Key(_) | Msg::Mouse(_)) && !app.focused {
        app.focused = true;
        app.slots.hurry(now.instant);
    }
    match msg {
        Msg::Tick => {}
        Msg::Key(key) => input::key(app, key, &mut cmds),
        Msg::Mouse(event) => mouse::take(app, event, &mut cmds),
        Msg::Pasted(text) => input::paste(app, &text),
        Msg::Focused(focused) => {
            app.focused = focused;
            if focused {
                app.slots.hurry(now.instant);
            }
        }
        Msg::Did(action) => act::act(app, action, &mut cmds),
        Msg::Resized(width, height) => app.size = (width, height),
        Msg::Greeted(welcome, socket) => {
            if let Some(text) = greeting(app, &welcome) {
                app.say(text);
            }
            app.welcome = Some(*welcome);
            app.socket = Some(socket);
            app.link = Link::Up;
            app.slots.clear();
            // Both are counted within one run of the daemon.
            let filter = std::mem::take(&mut app.live.filter);
            app.live.restart(filter);
            app.overview = app.overview.take().map(|(_, overview)| (None, overview));
        }
        Msg::NoDaemon(why) => lose(app, Some(why)),
        Msg::Broken => lose(app, None),
        Msg::Misfit(welcome) => app.link = Link::Misfit(welcome),
        Msg::Answered(slot, number, answer, took) => {
            if app.slots.take(slot, number) {
                let trouble = match answer {
                    Ok(answer) => {
                        answers::take(app, slot, answer, took);
                        None
                    }
                    Err(why) => {
                        answers::refused(app, slot, &why);
                        Some(why)
                    }
                };
                // The pace follows from what came.
                app.slots.heard(slot, trouble.as_ref(), now.instant + wanted::pace(app, slot));
            }
        }
        Msg::Exported(told) => export::take(app, told),
        Msg::Saved(Ok(name)) => app.say(format!("written to {name}")),
        Msg::Saved(Err(why)) => app.say(format!("not written: {why}")),
    }
    hide(app);
    keep(app);
    due(app, &mut cmds);
    cmds
}

/// Hides what was revealed, once its time is over.
fn hide(app: &mut App) {
    let now = app.now.instant;
    for notes in [&mut app.notes, &mut app.retries, &mut app.dead] {
        if notes.reveal.take_if(|(_, until)| *until <= now).is_some() {
            notes.story.take_if(|story| story.revealed);
        }
    }
}

/// Keeps cursors where they can be seen.
fn keep(app: &mut App) {
    let height = crate::view::rows_shown(app);
    if let Some(rows) = app.rows_mut() {
        rows.keep(height);
    }
    if app.side && app.page == crate::state::Page::Webhooks {
        use crate::state::Rows as _;
        app.webhooks.list.keep(height);
    }
}

/// Asks whatever is due now. A paused program asks nothing.
fn due(app: &mut App, cmds: &mut Vec<Cmd>) {
    if app.paused.is_none() {
        ask(app, cmds, false);
    }
}

/// Asks what is due, or all that the view wants; or connects.
fn ask(app: &mut App, cmds: &mut Vec<Cmd>, now: bool) {
    let instant = app.now.instant;
    match &mut app.link {
        Link::Lost { retry_at, trying, by_hand, .. } => {
            *by_hand |= now;
            if !*trying && (now || *retry_at <= instant) {
                *trying = true;
                cmds.push(Cmd::Connect);
            }
        }
        Link::Misfit(_) if now => {
            let (since, retry_at) = (instant, instant);
            app.link = Link::Lost { since, why: None, retry_at, tries: 0, trying: true, by_hand: true };
            cmds.push(Cmd::Connect);
        }
        Link::Up => {
            for (slot, question) in wanted(app) {
                let due = app.slots.next(slot, instant).is_some_and(|due| now || due <= instant);
                if due {
                    let number = app.slots.ask(slot, instant);
                    cmds.push(Cmd::Ask(slot, number, Box::new(question)));
                }
            }
        }
        Link::Misfit(_) | Link::Connecting { .. } => {}
    }
}

/// Forgets what belongs to the view that was, and asks for that of the view that is.
fn anew(app: &mut App, cmds: &mut Vec<Cmd>) {
    for slot in Slot::ALL.into_iter().filter(|slot| slot.of_view()) {
        if app.slots.forget(slot) {
            cmds.push(Cmd::Drop(slot));
        }
    }
}

/// The cursor moved: what it stands on is told once it stands still.
fn moved(app: &mut App, cmds: &mut Vec<Cmd>) {
    app.side_at = if app.side { app.side_at } else { 0 };
    let mut slots = vec![Slot::Detail];
    match app.page {
        Page::Services | Page::Queues => slots.push(Slot::Also),
        Page::Providers => slots.extend([Slot::Also, Slot::Side]),
        Page::Webhooks if !app.side => slots.extend([Slot::Also, Slot::Trend]),
        Page::Webhooks => slots.push(Slot::Side),
        _ => {}
    }
    for slot in slots {
        if app.slots.forget(slot) {
            cmds.push(Cmd::Drop(slot));
        }
        app.slots.due(slot, Some(app.now.instant + STILL));
    }
}

/// The connection is gone, or could not be made.
fn lose(app: &mut App, why: Option<NoDaemon>) {
    let (since, tries, before) = match &app.link {
        // Every question under way says that it broke; the first is enough.
        Link::Lost { trying: false, .. } if why.is_none() => return,
        Link::Lost { since, why, by_hand: true, .. } => (*since, 0, why.clone()),
        Link::Lost { since, tries, why, .. } => (*since, tries + 1, why.clone()),
        Link::Connecting { since } => (*since, 0, None),
        Link::Up | Link::Misfit(_) => (app.now.instant, 0, None),
    };
    app.slots.clear();
    let retry_at = app.now.instant + wait(tries, &mut app.seed);
    app.link = Link::Lost { since, why: why.or(before), retry_at, tries, trying: false, by_hand: false };
    for entry in app.log.iter_mut().filter(|entry| entry.result.is_none()) {
        entry.result = Some("the connection broke: it may have happened, or not".into());
    }
}

/// What to say when the connection is back.
fn greeting(app: &App, welcome: &notify_proto::control::Welcome) -> Option<String> {
    let before = app.welcome.as_ref()?;
    let Link::Lost { since, .. } = &app.link else { return None };
    let away = app.now.instant.saturating_duration_since(*since).as_secs();
    let same =
        (before.daemon.pid, before.daemon.started_at) == (welcome.daemon.pid, welcome.daemon.started_at);
    let how = if same { "the same daemon" } else { "the daemon restarted" };
    Some(format!("back after {away} s: {how}"))
}
