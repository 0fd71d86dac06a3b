//! What each action does.

use super::travel::{back, close, set_filter, show, travel};
use super::{anew, ask, export, leave, menus, moved, open, wishes};
use crate::config::Times;
use crate::keys;
use crate::message::{Action, Cmd, Slot};
use crate::state::{App, Bar, Choice, INTERVALS, Menu, Over, Page, Wish};
use std::time::Duration;

/// For how long recipient and body are shown.
const REVEALED: Duration = Duration::from_secs(30);

/// Does it.
pub(super) fn act(app: &mut App, action: Action, cmds: &mut Vec<Cmd>) {
    if in_groups(app) && of_a_row(action) {
        let open = app.settings.keys.chord(Action::Open, app.page).unwrap_or("enter");
        let list = app.settings.keys.chord(Action::Panel, app.page).unwrap_or("tab");
        let text = format!("a group is under the cursor: {open} shows only these, {list} leads to the list");
        return app.say(text);
    }
    if keys::changes(action) {
        return match app.locked() {
            Some(why) => app.say(why),
            None => wish(app, action, cmds),
        };
    }
    match action {
        Action::Overview => show(app, Page::Overview, cmds),
        Action::Queues => show(app, Page::Queues, cmds),
        Action::Notifications => show(app, Page::Notifications, cmds),
        Action::Retries => show(app, Page::Retries, cmds),
        Action::Dead => show(app, Page::Dead, cmds),
        Action::Providers => show(app, Page::Providers, cmds),
        Action::Webhooks => show(app, Page::Webhooks, cmds),
        Action::Services => show(app, Page::Services, cmds),
        Action::Live => show(app, Page::Live, cmds),
        Action::Earlier => travel(app, true, cmds),
        Action::Later => travel(app, false, cmds),
        Action::Panel if app.page == Page::Overview => panel(app),
        Action::Panel => {
            app.side = !app.side && has_side(app);
            app.side_at = 0;
        }
        Action::Help => app.over = Some(Over::Help(String::new(), 0)),
        Action::Log => app.over = Some(Over::Log(usize::MAX)),
        Action::Command => app.over = Some(bar(true, "")),
        Action::Filter => {
            let text = app.filter().to_owned();
            app.over = Some(bar(false, &text));
        }
        Action::Pause => app.paused = if app.paused.is_some() { None } else { Some(app.now) },
        Action::Faster => step(app, -1),
        Action::Slower => step(app, 1),
        Action::Refresh => ask(app, cmds, true),
        Action::Times => {
            app.times = match app.times {
                Times::Relative => Times::Local,
                Times::Local => Times::Utc,
                Times::Utc => Times::Relative,
            };
        }
        Action::Quit => cmds.push(Cmd::Quit),
        Action::Mouse => {
            app.mouse = !app.mouse;
            app.say(if app.mouse { "the mouse is used here" } else { "the mouse is the terminal's" });
            cmds.push(Cmd::Mouse(app.mouse));
        }
        Action::Suspend => cmds.push(Cmd::Suspend),
        Action::Back => back(app, cmds),
        Action::Close => close(app, cmds),
        Action::Open => open::open(app, cmds),
        Action::Freeze => app.live.held = !app.live.held,
        Action::Wrap => app.live.wrap = !app.live.wrap,
        Action::Group => {
            app.retries.by = app.retries.by.next();
            app.retries.groups = None;
            app.side_at = 0;
            anew(app, cmds);
        }
        Action::Nearer | Action::Further => {
            app.retries.turn_window(action == Action::Nearer);
            app.retries.restart();
            app.retries.list.clear();
            anew(app, cmds);
        }
        Action::Wide => app.wide = !app.wide,
        Action::Quick => app.over = Some(quick(app)),
        Action::Sort => sort(app),
        Action::Export => export::ask(app, cmds),
        Action::Copy => leave::copy(app, cmds),
        Action::CopyLine => {
            if let Some(line) = leave::show_line(app) {
                app.say(format!("copied: {line}"));
                cmds.push(Cmd::Copy(line));
            }
        }
        Action::Raw => raw(app),
        Action::Unmark if app.open && app.page.speaks() => reveal(app, cmds),
        action => go(app, action, cmds),
    }
}

/// Whether the cursor stands on a group, and not on a row of the list.
pub(super) const fn in_groups(app: &App) -> bool {
    app.side && !app.open && matches!(app.page, Page::Retries | Page::Dead)
}

/// Whether it is done to the row under the cursor, or to rows that are marked; what is done in bulk is done to all that match.
fn of_a_row(action: Action) -> bool {
    use Action::{Bulk, Copy, CopyLine, Mark, MarkAll, Range, Raw};
    (keys::changes(action) && action != Bulk)
        || matches!(action, Mark | Range | MarkAll | Copy | CopyLine | Raw)
}

/// Moves and marks.
fn go(app: &mut App, action: Action, cmds: &mut Vec<Cmd>) {
    let page = crate::view::rows_shown(app).max(1).cast_signed();
    let by = match action {
        Action::Down => 1,
        Action::Up => -1,
        Action::HalfDown => (page / 2).max(1),
        Action::HalfUp => -(page / 2).max(1),
        Action::PageDown => page,
        Action::PageUp => -page,
        _ => 0,
    };
    let pages = !matches!(action, Action::Down | Action::Up);
    if by != 0 && pages && app.open {
        // What is open over the whole screen is read page by page; its list is not seen.
        let last = crate::view::side_lines(app).saturating_sub(1);
        app.side_at = app.side_at.saturating_add_signed(by).min(last);
        return;
    }
    if by != 0 {
        walk(app, by, cmds);
        return;
    }
    match action {
        Action::Top if app.page == Page::Live => app.live.back = usize::MAX,
        Action::Bottom if app.page == Page::Live => app.live.back = 0,
        Action::Top if app.notes_mut().is_some_and(crate::state::Notes::restart) => anew(app, cmds),
        _ => {}
    }
    if app.page == Page::Live {
        app.live.step(0);
    }
    let mut told = None;
    let Some(rows) = app.rows_mut() else { return };
    match action {
        Action::Top => rows.end(true),
        Action::Bottom => rows.end(false),
        Action::Mark => rows.mark(),
        Action::Range => rows.mark_range(),
        Action::MarkAll => rows.mark_shown(page.unsigned_abs()),
        Action::Unmark => rows.unmark(),
        Action::Reverse if rows.sorts().is_empty() => {
            told = Some("this list has one direction; s tells how it is sorted");
        }
        Action::Reverse => rows.turn(),
        Action::Follow => {
            told = Some(if rows.follow() { "following the first row" } else { "following no more" });
        }
        _ => return,
    }
    if let Some(text) = told {
        app.say(text);
    }
    // Whoever follows the first row is not held at another.
    if action == Action::Follow
        && app.notes_mut().is_some_and(|notes| notes.list.follow && notes.held.take().is_some())
    {
        anew(app, cmds);
    }
    moved(app, cmds);
}

/// Moves the cursor of whatever has the keys; past the end of a page to the next one.
fn walk(app: &mut App, by: isize, cmds: &mut Vec<Cmd>) {
    if app.page == Page::Overview && app.panel > 0 {
        let last = crate::view::panel_lines(app)[app.panel].saturating_sub(1);
        app.side_at = app.side_at.saturating_add_signed(by).min(last);
        return;
    }
    if app.page == Page::Overview {
        let last =
            app.overview.as_ref().map_or(0, |(_, overview)| overview.attention.len().saturating_sub(1));
        app.attention_at = app.attention_at.saturating_add_signed(by).min(last);
        return;
    }
    if app.page == Page::Live {
        app.live.step(by);
        return;
    }
    if app.side && app.page != Page::Webhooks {
        let last = crate::view::side_lines(app).saturating_sub(1);
        app.side_at = app.side_at.saturating_add_signed(by).min(last);
        return;
    }
    let stepped = app.rows_mut().is_some_and(|rows| rows.step(by));
    if !stepped {
        let turned =
            app.notes_mut().is_some_and(|notes| if by > 0 { notes.turn() } else { notes.turn_back() });
        if turned {
            anew(app, cmds);
        }
    }
    moved(app, cmds);
}

/// The next panel of the first screen that has rows gets the keys.
fn panel(app: &mut App) {
    let lines = crate::view::panel_lines(app);
    let next = (1..lines.len()).map(|n| (app.panel + n) % lines.len()).find(|n| *n == 0 || lines[*n] > 0);
    (app.panel, app.side_at) = (next.unwrap_or(0), 0);
}

/// Whether there is a second panel that can have the keys.
const fn has_side(app: &App) -> bool {
    !matches!(app.page, Page::Overview | Page::Live)
}

fn step(app: &mut App, by: isize) {
    let at = INTERVALS.iter().position(|ms| Duration::from_millis(*ms) >= app.interval);
    let next = at.unwrap_or(INTERVALS.len() - 1).saturating_add_signed(by).min(INTERVALS.len() - 1);
    app.interval = Duration::from_millis(INTERVALS[next]);
    app.slots.hurry(app.now.instant + app.interval);
}

fn bar(command: bool, text: &str) -> Over {
    Over::Bar(Bar { command, text: text.to_owned(), error: None })
}

fn quick(app: &App) -> Over {
    let mut choices = vec![('0', "all".to_owned(), Choice::Filter(String::new()))];
    if app.page == Page::Notifications {
        let words = ["scheduled", "queued", "held", "sending", "retrying", "delivered", "dead", "cancelled"];
        choices.extend(
            words
                .iter()
                .zip('1'..)
                .map(|(word, key)| (key, (*word).into(), Choice::Filter(format!("status:{word}")))),
        );
    }
    if app.page.speaks() {
        choices.push(('h', "of the last hour".into(), Choice::Filter("since:1h".into())));
        let named = app.settings.filters.iter().zip('a'..='g');
        choices.extend(named.map(|((name, text), key)| (key, name.clone(), Choice::Filter(text.clone()))));
    }
    Over::Menu(Menu { title: "quick filters".into(), choices })
}

fn sort(app: &mut App) {
    if app.page == Page::Notifications {
        let choices = vec![
            ('1', "newest first".to_owned(), Choice::Tried(false)),
            ('2', "most attempts first, of the newest".to_owned(), Choice::Tried(true)),
        ];
        app.over = Some(Over::Menu(Menu { title: "sort by".into(), choices }));
        return;
    }
    if app.page == Page::Overview {
        return app.say("the overview has its own order: what is worst stands on top");
    }
    let sorts = app.rows().map(crate::state::Rows::sorts).unwrap_or_default();
    if sorts.is_empty() {
        let how = match app.page {
            Page::Retries => "by due time",
            Page::Live => "by time, the newest last",
            _ => "newest first",
        };
        return app.say(format!("this list is always {how}"));
    }
    let choice = |(at, (name, key)): (usize, (&&str, char))| (key, (*name).to_owned(), Choice::Sort(at));
    let choices = sorts.iter().zip('1'..).enumerate().map(choice).collect();
    app.over = Some(Over::Menu(Menu { title: "sort by".into(), choices }));
}

/// Shows recipient and body of what is open, for a while.
fn reveal(app: &mut App, cmds: &mut Vec<Cmd>) {
    if let Some(why) = app.locked() {
        return app.say(why);
    }
    let until = app.now.instant + REVEALED;
    let Some(notes) = app.notes_mut() else { return };
    let Some(id) = notes.list.current().map(|row| row.id) else { return };
    notes.reveal = Some((id, until));
    if app.slots.forget(Slot::Detail) {
        cmds.push(Cmd::Drop(Slot::Detail));
    }
    app.say("shown for 30 s; the audit log has it");
}

fn raw(app: &mut App) {
    if let Some(text) = leave::json_here(app) {
        let lines = text.lines().map(str::to_owned).collect();
        app.over = Some(Over::Reader("as JSON".into(), lines, 0));
    }
}

/// What a key that changes something asks for.
fn wish(app: &mut App, action: Action, cmds: &mut Vec<Cmd>) {
    let wish = match action {
        Action::Retry => Wish::Retry,
        Action::Cancel => Wish::Cancel,
        Action::Bury => Wish::Bury,
        Action::Postpone => Wish::Postpone,
        Action::Reroute => Wish::Reroute,
        Action::Hold => Wish::Pause,
        Action::Limit => Wish::Limit,
        Action::OpenCircuit => Wish::Open,
        Action::HalfOpen => Wish::HalfOpen,
        Action::CloseCircuit => Wish::Close,
        Action::Switch => Wish::Switch,
        Action::Test if app.page == Page::Providers => Wish::Call,
        Action::Test => Wish::Test,
        Action::Resend => Wish::Resend,
        Action::Recover => Wish::Recover,
        Action::New => Wish::New,
        Action::Unlock => Wish::Unlock,
        Action::Remove => Wish::Remove,
        Action::Bulk => return app.over = Some(menus::bulk_menu(app.page)),
        Action::Keys if app.page == Page::Services => return app.over = Some(menus::key_menu()),
        Action::Keys => Wish::Rotate,
        Action::Order => return app.over = Some(menus::order_menu()),
        _ => return,
    };
    wishes::grant(app, wish, cmds);
}

/// Chooses from a menu.
pub(super) fn choose(app: &mut App, choice: Choice, cmds: &mut Vec<Cmd>) {
    match choice {
        Choice::Sort(by) => {
            if let Some(rows) = app.rows_mut() {
                rows.sort_by(by);
            }
        }
        Choice::Tried(most) => {
            let filter = app.notes.filter.clone();
            app.notes.most_tried = most;
            app.notes.refilter(&filter);
        }
        Choice::Filter(text) => set_filter(app, &text, cmds),
        Choice::Ask(wish) => wishes::grant(app, wish, cmds),
        Choice::Export(csv) => return export::begin(app, csv, cmds),
        Choice::Quit => return cmds.push(Cmd::Quit),
        Choice::Stay => return,
        Choice::Whole => {
            match export::line(app, false, &format!("notify-{}.jsonl", app.page.word())) {
                Ok(line) => {
                    app.say(format!("copied: {line}"));
                    cmds.push(Cmd::Copy(line));
                }
                Err(why) => app.say(why),
            }
            return;
        }
    }
    app.slots.due(Slot::List, None);
}
