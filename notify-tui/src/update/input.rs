//! Keys: those that write somewhere, and those that mean something.

use super::act::{act, choose};
use super::travel::{set_filter, show};
use super::{dialog, pace, suggest, wishes};
use crate::deed::Deed;
use crate::keys::chord;
use crate::message::{Action, Cmd};
use crate::state::{App, Bar, Dialog, Hidden, Over, Page};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use notify_proto::filter::Filter;
use notify_proto::happening::EventFilter;

/// The longest line that can be written.
const LONGEST: usize = 400;

/// Takes a key.
pub(super) fn key(app: &mut App, key: KeyEvent, cmds: &mut Vec<Cmd>) {
    let Some(chord) = chord(key) else { return };
    if chord == "ctrl-c" {
        return act(app, Action::Quit, cmds);
    }
    if app.settings.keys.meaning(&chord, app.page) == Some(Action::Suspend) {
        return act(app, Action::Suspend, cmds);
    }
    // Keys that scroll begin where the text ends, not where somebody has pressed them to.
    let most = crate::view::scrolled_most(app);
    match app.over.take() {
        None => {
            if let Some(action) = app.settings.keys.meaning(&chord, app.page) {
                act(app, action, cmds);
            }
        }
        Some(Over::Help(mut search, top)) => {
            app.over = if edit(&mut search, key) {
                Some(Over::Help(search, 0))
            } else {
                scrolled(&chord, top.min(most)).map(|top| Over::Help(search, top))
            };
        }
        Some(Over::Log(top)) => {
            app.over = scrolled(&chord, top.min(most)).map(Over::Log);
        }
        Some(Over::Reader(title, lines, top)) => {
            app.over = scrolled(&chord, top.min(most)).map(|top| Over::Reader(title, lines, top));
        }
        Some(Over::Menu(menu)) => {
            let pressed = menu.choices.iter().find(|(key, ..)| chord.chars().eq([*key]));
            match pressed.map(|(_, _, choice)| choice.clone()) {
                Some(choice) => choose(app, choice, cmds),
                None if matches!(chord.as_str(), "esc" | "q") => {}
                None => app.over = Some(Over::Menu(menu)),
            }
        }
        Some(Over::Secret(what, secret)) => hidden(app, what, secret, &chord, cmds),
        Some(Over::Bar(bar)) => write(app, bar, key, &chord, cmds),
        Some(Over::Dialog(dialog)) => answer(app, *dialog, key, &chord, cmds),
    }
}

/// Takes text that was put in, where something can be written; elsewhere it would be keys nobody pressed.
pub(super) fn paste(app: &mut App, text: &str) {
    let target = match &mut app.over {
        Some(Over::Bar(bar)) => &mut bar.text,
        Some(Over::Dialog(dialog)) if !dialog.quick() => dialog.writes(true),
        Some(Over::Help(search, _)) => search,
        _ => return,
    };
    for c in text.chars().filter(|c| !c.is_control()) {
        if target.len() < LONGEST {
            target.push(c);
        }
    }
    if let Some(Over::Dialog(asked)) = &mut app.over {
        dialog::retell(asked, app.now.wall);
    }
}

/// Whether the key writes, or takes back what was written.
fn edit(text: &mut String, key: KeyEvent) -> bool {
    let plain = !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT);
    match key.code {
        KeyCode::Char('u') if key.modifiers.contains(KeyModifiers::CONTROL) => text.clear(),
        KeyCode::Char(c) if plain && !c.is_control() && text.len() < LONGEST => text.push(c),
        KeyCode::Backspace => drop(text.pop()),
        _ => return false,
    }
    true
}

/// The first line shown then; nothing when it is closed.
fn scrolled(chord: &str, top: usize) -> Option<usize> {
    match chord {
        "esc" | "enter" | "q" => None,
        "down" | "j" => Some(top.saturating_add(1)),
        "up" | "k" => Some(top.saturating_sub(1)),
        "pgdn" | "space" | "ctrl-d" => Some(top.saturating_add(10)),
        "pgup" | "ctrl-u" => Some(top.saturating_sub(10)),
        "home" | "g" => Some(0),
        "end" | "G" => Some(usize::MAX),
        _ => Some(top),
    }
}

fn hidden(app: &mut App, what: String, secret: Hidden, chord: &str, cmds: &mut Vec<Cmd>) {
    match chord {
        // Whoever ends the question before it with Enter must not lose what is shown this once.
        "esc" => {}
        "y" => {
            app.say("copied; it is not shown again once you close this");
            cmds.push(Cmd::Copy(secret.0.clone()));
            app.over = Some(Over::Secret(what, secret));
        }
        _ => app.over = Some(Over::Secret(what, secret)),
    }
}

fn write(app: &mut App, mut bar: Bar, key: KeyEvent, chord: &str, cmds: &mut Vec<Cmd>) {
    match chord {
        "esc" => {}
        "tab" if !bar.command => {
            if let Some(text) = suggest::completed(app, &bar.text) {
                bar.text = text;
            }
            app.over = Some(Over::Bar(bar));
        }
        "enter" if bar.command => {
            let text = bar.text.trim().to_owned();
            if let Err(error) = command(app, &text, cmds) {
                bar.error = Some(error);
                app.over = Some(Over::Bar(bar));
            }
        }
        "enter" => match check(app, bar.text.trim()) {
            Ok(()) => set_filter(app, bar.text.trim(), cmds),
            Err(error) => {
                bar.error = Some(error);
                app.over = Some(Over::Bar(bar));
            }
        },
        _ => {
            edit(&mut bar.text, key);
            bar.error = None;
            app.over = Some(Over::Bar(bar));
        }
    }
}

/// Whether this view can be filtered so.
fn check(app: &App, text: &str) -> Result<(), String> {
    if app.page == Page::Live {
        return text.parse::<EventFilter>().map(drop).map_err(|error| error.to_string());
    }
    if app.page.speaks() {
        return Filter::parse(text, app.now.wall).map(drop).map_err(|error| error.to_string());
    }
    Ok(())
}

/// Has the filter of the view kept under this name.
fn save(app: &mut App, name: &str, cmds: &mut Vec<Cmd>) -> Result<(), String> {
    let filter = app.filter().to_owned();
    if !app.page.speaks() || filter.is_empty() {
        return Err("there is no filter here to save; write one with /".into());
    }
    if name.contains(char::is_control) || name.len() > 40 {
        return Err("a name has at most 40 characters".into());
    }
    app.settings.filters.insert(name.to_owned(), filter.clone());
    cmds.push(Cmd::Keep(name.to_owned(), filter));
    Ok(())
}

/// What the command bar takes.
const COMMANDS: &str = "a view, quit, help, log, export, filter TEXT, filter NAME, save NAME, theme NAME, notification ID, service NAME, \
provider NAME, queue NAME, cancel op_N";

fn command(app: &mut App, text: &str, cmds: &mut Vec<Cmd>) -> Result<(), String> {
    let (word, rest) = text.split_once(' ').map_or((text, ""), |(word, rest)| (word, rest.trim()));
    let go = |app: &mut App, page, cmds: &mut Vec<Cmd>| {
        show(app, page, cmds);
        if let Some(rows) = app.rows_mut() {
            rows.go(rest);
        }
    };
    match (word, rest) {
        ("", _) => {}
        ("q" | "quit", "") => act(app, Action::Quit, cmds),
        ("help", "") => act(app, Action::Help, cmds),
        ("log", "") => act(app, Action::Log, cmds),
        ("export", "") => act(app, Action::Export, cmds),
        ("theme", name) if !name.is_empty() => app.settings.theme = name.parse()?,
        ("save", name) if !name.is_empty() => save(app, name, cmds)?,
        ("filter", name) => {
            let text = app.settings.filters.get(name).cloned().unwrap_or_else(|| name.to_owned());
            check(app, &text)?;
            set_filter(app, &text, cmds);
        }
        ("notification" | "ntf" | "id", id) if !id.is_empty() => {
            let filter = format!("id:{id}");
            Filter::parse(&filter, app.now.wall).map_err(|error| error.to_string())?;
            show(app, Page::Notifications, cmds);
            set_filter(app, &filter, cmds);
        }
        ("service" | "svc", name) if !name.is_empty() => go(app, Page::Services, cmds),
        ("provider" | "prov", name) if !name.is_empty() => go(app, Page::Providers, cmds),
        ("queue", name) if !name.is_empty() => go(app, Page::Queues, cmds),
        ("cancel", id) if id.starts_with("op_") => match app.locked() {
            Some(why) => return Err(why.into()),
            None => wishes::settle(app, Deed::Give(id.to_owned()), cmds),
        },
        (word, "") => match Page::named(word) {
            Some(page) => show(app, page, cmds),
            None => return Err(format!("`{word}` is none of: {COMMANDS}")),
        },
        _ => return Err(format!("`{text}` is none of: {COMMANDS}")),
    }
    Ok(())
}

fn answer(app: &mut App, mut asked: Dialog, key: KeyEvent, chord: &str, cmds: &mut Vec<Cmd>) {
    let last = asked.at + 1 == asked.fields.len();
    if asked.quick() && matches!(chord, "y" | "n" | "N" | "enter") {
        return if chord == "y" { dialog::answer(app, asked, cmds) } else { app.say("left as it is") };
    }
    match chord {
        "esc" => return app.say("left as it is"),
        "+" | "-" if pace::turn(&mut asked, chord) => dialog::retell(&mut asked, app.now.wall),
        "enter" if last => {
            if asked.fields[asked.at].1.trim() == asked.wanted {
                return dialog::answer(app, asked, cmds);
            }
            asked.error = Some(format!("type {} to go on, or Esc to leave it", asked.wanted));
        }
        "enter" | "tab" | "down" => asked.at = (asked.at + 1) % asked.fields.len(),
        "shift-tab" | "up" => asked.at = (asked.at + asked.fields.len() - 1) % asked.fields.len(),
        _ => {
            edit(asked.writes(matches!(key.code, KeyCode::Char(_))), key);
            asked.error = None;
            dialog::retell(&mut asked, app.now.wall);
        }
    }
    app.over = Some(Over::Dialog(Box::new(asked)));
}
