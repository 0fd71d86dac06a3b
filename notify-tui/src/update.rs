//! What each message changes, and what to ask next. No I/O, no clock.

use crate::message::{Action, Cmd, Moment, Msg};
use crate::state::{App, Data, INTERVALS, Link, Rates, wait};
use notify_proto::socket::NoDaemon;
use notify_proto::view::StatusView;
use std::time::Duration;

/// Takes one message.
pub fn update(app: &mut App, msg: Msg, now: Moment) -> Option<Cmd> {
    app.now = now;
    app.dirty = true;
    app.notice.take_if(|notice| notice.until <= now.instant);
    match msg {
        Msg::Tick => return due(app),
        Msg::Did(action) => return act(app, action),
        Msg::Resized => {}
        Msg::Greeted(welcome, socket) => {
            if let Some(text) = greeting(app, &welcome) {
                app.say(text);
            }
            app.welcome = Some(*welcome);
            app.socket = Some(socket);
            app.link = Link::Up;
            app.asked = None;
            app.next_look = now.instant;
            return due(app);
        }
        Msg::NoDaemon(why) => lose(app, Some(why)),
        Msg::Broken => lose(app, None),
        Msg::Misfit(welcome) => app.link = Link::Misfit(welcome),
        Msg::Status(status, round_trip) => {
            app.asked = None;
            app.data = Some(data(app, *status, round_trip));
            app.next_look = now.instant + app.pace();
        }
        Msg::Late => {
            app.asked = None;
            app.next_look = now.instant + app.pace();
        }
        Msg::Refused(why) => {
            app.asked = None;
            app.next_look = now.instant + app.pace();
            app.say(format!("the daemon refused: {why}"));
        }
    }
    None
}

/// Whatever is due now. A paused program asks nothing.
fn due(app: &mut App) -> Option<Cmd> {
    let now = app.now.instant;
    let due = match &app.link {
        _ if app.paused.is_some() => false,
        Link::Lost { retry_at, .. } => *retry_at <= now,
        Link::Up => app.next_look <= now,
        Link::Connecting { .. } | Link::Misfit(_) => false,
    };
    if due { go(app) } else { None }
}

/// Looks, or connects, unless that is under way.
fn go(app: &mut App) -> Option<Cmd> {
    let now = app.now.instant;
    match &mut app.link {
        Link::Lost { trying, .. } if !*trying => {
            *trying = true;
            Some(Cmd::Connect)
        }
        Link::Misfit(_) => {
            app.link = Link::Lost { since: now, why: None, retry_at: now, tries: 0, trying: true };
            Some(Cmd::Connect)
        }
        Link::Up if app.asked.is_none() => {
            app.asked = Some(now);
            Some(Cmd::Look)
        }
        Link::Lost { .. } | Link::Up | Link::Connecting { .. } => None,
    }
}

fn act(app: &mut App, action: Action) -> Option<Cmd> {
    match action {
        Action::Quit => return Some(Cmd::Quit),
        Action::Refresh => return go(app),
        Action::Help => app.help = !app.help,
        Action::Close => app.help = false,
        Action::Pause => app.paused = if app.paused.is_some() { None } else { Some(app.now) },
        Action::Faster => step(app, -1),
        Action::Slower => step(app, 1),
    }
    due(app)
}

fn step(app: &mut App, by: isize) {
    let at = INTERVALS.iter().position(|seconds| Duration::from_secs(*seconds) >= app.interval);
    let next = at.unwrap_or(INTERVALS.len() - 1).saturating_add_signed(by).min(INTERVALS.len() - 1);
    app.interval = Duration::from_secs(INTERVALS[next]);
    app.next_look = app.next_look.min(app.now.instant + app.interval);
}

/// The connection is gone, or could not be made.
fn lose(app: &mut App, why: Option<NoDaemon>) {
    let (since, tries, before) = match &app.link {
        Link::Lost { since, tries, why, .. } => (*since, tries + 1, why.clone()),
        Link::Connecting { since } => (*since, 0, None),
        Link::Up | Link::Misfit(_) => (app.now.instant, 0, None),
    };
    app.asked = None;
    let retry_at = app.now.instant + wait(tries, &mut app.seed);
    app.link = Link::Lost { since, why: why.or(before), retry_at, tries, trying: false };
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

fn data(app: &App, status: StatusView, round_trip: Duration) -> Data {
    let rates = app.data.as_ref().and_then(|before| {
        let apart = app.now.instant.saturating_duration_since(before.at.instant);
        Rates::between(&before.status, &status, apart)
    });
    Data { status, at: app.now, round_trip, rates }
}
