//! From keys to what they mean. One table: the help, the key line and the configuration read it too.

use crate::state::Page;
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use std::collections::BTreeMap;

/// Where a key means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// Everywhere.
    Global,
    /// In a list.
    List,
    /// In these views, before what it means in a list and everywhere.
    In(&'static [Page]),
}

macro_rules! actions {
    ($($(#[$doc:meta])* $action:ident $name:literal [$($chord:literal),*] $scope:expr, $what:literal;)+) => {
        /// What a key means.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Action { $(#[doc = $what] $action),+ }

        /// Every action: its name in the configuration, its keys, where it works, and what it does.
        pub const ACTIONS: &[(Action, &str, &[&str], Scope, &str)] =
            &[$((Action::$action, $name, &[$($chord),*], $scope, $what)),+];
    };
}

const NOTES: Scope = Scope::In(&[Page::Notifications, Page::Retries, Page::Dead]);
const WAITING: Scope = Scope::In(&[Page::Notifications, Page::Retries]);
const RETRIES: Scope = Scope::In(&[Page::Retries]);
const QUEUES: Scope = Scope::In(&[Page::Queues]);
const LINES: Scope = Scope::In(&[Page::Queues, Page::Providers]);
const PROVIDERS: Scope = Scope::In(&[Page::Providers]);
const HOOKS: Scope = Scope::In(&[Page::Webhooks]);
const TESTED: Scope = Scope::In(&[Page::Providers, Page::Webhooks]);
const SERVICES: Scope = Scope::In(&[Page::Services]);
const KEYED: Scope = Scope::In(&[Page::Webhooks, Page::Services]);
const SWITCHED: Scope = Scope::In(&[Page::Providers, Page::Webhooks, Page::Services]);
const LIVE: Scope = Scope::In(&[Page::Live]);

actions! {
    Overview "overview" ["1"] Scope::Global, "overview";
    Queues "queues" ["2"] Scope::Global, "queues";
    Notifications "notifications" ["3"] Scope::Global, "notifications";
    Retries "retries" ["4"] Scope::Global, "retries and what is scheduled";
    Dead "dead" ["5"] Scope::Global, "dead letters";
    Providers "providers" ["6"] Scope::Global, "providers";
    Webhooks "webhooks" ["7"] Scope::Global, "webhooks";
    Services "services" ["8"] Scope::Global, "services";
    Live "live" ["9"] Scope::Global, "what happens now";
    Earlier "earlier" ["["] Scope::Global, "the view before";
    Later "later" ["]"] Scope::Global, "the view after";
    Panel "panel" ["tab", "shift-tab"] Scope::Global, "the other panel";
    Help "help" ["?"] Scope::Global, "these keys";
    Command "command" [":"] Scope::Global, "write a command: a view, a filter, an id, export, quit";
    Pause "pause" ["p"] Scope::Global, "no request at all, or go on";
    Faster "faster" ["+"] Scope::Global, "look more often";
    Slower "slower" ["-"] Scope::Global, "look less often";
    Refresh "refresh" ["r", "ctrl-r", "ctrl-l"] Scope::Global, "look, or connect, now";
    Times "times" ["t"] Scope::Global, "times as ages, local or UTC";
    Mouse "mouse" ["m"] Scope::Global, "the mouse here, or the terminal's own";
    Log "log" ["L"] Scope::Global, "what was done here";
    Back "back" ["q"] Scope::Global, "back; at the top: quit";
    Suspend "suspend" ["ctrl-z"] Scope::Global, "back to the shell, until its fg";
    Quit "quit" ["ctrl-c"] Scope::Global, "quit";
    Down "down" ["j", "down"] Scope::List, "one row down";
    Up "up" ["k", "up"] Scope::List, "one row up";
    HalfDown "half-down" ["ctrl-d"] Scope::List, "half a page down";
    HalfUp "half-up" ["ctrl-u"] Scope::List, "half a page up";
    PageDown "page-down" ["pgdn"] Scope::List, "a page down";
    PageUp "page-up" ["pgup"] Scope::List, "a page up";
    Top "top" ["g", "home"] Scope::List, "the first row; lets in what came meanwhile";
    Bottom "bottom" ["G", "end"] Scope::List, "the last row of this page";
    Open "open" ["enter"] Scope::List, "open what is under the cursor";
    Close "close" ["esc"] Scope::List, "close; end an export; clear marks, then the filter";
    Filter "filter" ["/"] Scope::List, "filter";
    Quick "quick" ["n"] Scope::List, "quick filters";
    Sort "sort" ["s"] Scope::List, "sort by";
    Reverse "reverse" ["S"] Scope::List, "the other way round";
    Wide "wide" ["w"] Scope::List, "whole ids";
    Mark "mark" ["space"] Scope::List, "mark";
    Range "range" ["v"] Scope::List, "begin or end a range of marks";
    MarkAll "mark-all" ["*"] Scope::List, "mark all shown";
    Unmark "unmark" ["u"] Scope::List, "unmark all; when one is open: show recipient and body for 30 s";
    Follow "follow" ["F"] Scope::List, "stay on the first row";
    Export "export" ["e"] Scope::List, "export all that match, or what is marked, as JSON Lines or CSV; again: end it";
    Copy "copy" ["y"] Scope::List, "copy the id or name";
    CopyLine "copy-line" ["Y"] Scope::List, "copy the notifyctl line that shows it";
    Raw "raw" ["J"] Scope::List, "as JSON";
    Retry "retry" ["R"] NOTES, "retry; what waits for a time: run now";
    Cancel "cancel" ["C"] WAITING, "cancel";
    Bury "bury" ["D"] NOTES, "to the dead letters; from there: discard";
    Postpone "postpone" ["z"] WAITING, "postpone";
    Reroute "reroute" ["t"] RETRIES, "try again with another provider";
    Bulk "bulk" ["b"] NOTES, "change all that match the filter";
    Hold "hold" ["P"] LINES, "pause the queue, or let it go on";
    Limit "limit" ["l"] QUEUES, "limit the calls at once";
    OpenCircuit "open-circuit" ["O"] PROVIDERS, "open the circuit";
    HalfOpen "half-open" ["H"] PROVIDERS, "half open it";
    CloseCircuit "close-circuit" ["X"] PROVIDERS, "close it";
    Order "order" ["o"] PROVIDERS, "in which order it is tried";
    Switch "switch" ["E"] SWITCHED, "switch on or off";
    Test "test" ["T"] TESTED, "send a test event; of a provider: make one real call";
    Resend "resend" ["A"] HOOKS, "tell it again";
    Recover "recover" ["B"] HOOKS, "tell again all that failed in some time";
    Keys "keys" ["K"] KEYED, "keys and secrets";
    New "new" ["N"] SERVICES, "a new service";
    Unlock "unlock" ["U"] SERVICES, "clear the lock";
    Remove "remove" ["D"] SERVICES, "delete the service";
    Group "group" ["G"] RETRIES, "group by error, provider, service, queue, channel, webhook";
    Nearer "nearer" ["["] RETRIES, "only what is due sooner";
    Further "further" ["]"] RETRIES, "also what is due later";
    Wrap "wrap" ["W"] LIVE, "fold long lines, or cut them";
    Freeze "freeze" ["space"] LIVE, "hold the tail, or let it run";
}

/// A key with its modifiers, as it is written: `ctrl-d`, `enter`, `G`.
pub fn chord(key: KeyEvent) -> Option<String> {
    let name = match key.code {
        KeyCode::Char(' ') => "space".to_owned(),
        KeyCode::Char(c) => c.to_string(),
        KeyCode::Enter => "enter".to_owned(),
        KeyCode::Esc => "esc".to_owned(),
        KeyCode::Tab => "tab".to_owned(),
        KeyCode::BackTab => "shift-tab".to_owned(),
        KeyCode::Backspace => "backspace".to_owned(),
        KeyCode::Up => "up".to_owned(),
        KeyCode::Down => "down".to_owned(),
        KeyCode::Left => "left".to_owned(),
        KeyCode::Right => "right".to_owned(),
        KeyCode::Home => "home".to_owned(),
        KeyCode::End => "end".to_owned(),
        KeyCode::PageUp => "pgup".to_owned(),
        KeyCode::PageDown => "pgdn".to_owned(),
        KeyCode::F(n) => format!("f{n}"),
        _ => return None,
    };
    let control = key.modifiers.contains(KeyModifiers::CONTROL);
    Some(if control { format!("ctrl-{name}") } else { name })
}

/// Which keys mean what.
#[derive(Debug, Clone, PartialEq)]
pub struct Keymap(Vec<(Action, Vec<String>)>);

impl Default for Keymap {
    fn default() -> Self {
        let own = |(action, _, chords, _, _): &(Action, &str, &[&str], Scope, &str)| {
            (*action, chords.iter().map(|chord| (*chord).to_owned()).collect())
        };
        Self(ACTIONS.iter().map(own).collect())
    }
}

/// Whether both are asked in the same breath: what is said for a view goes before what is said for all.
fn meet(one: Scope, other: Scope) -> bool {
    match (one, other) {
        (Scope::In(one), Scope::In(other)) => one.iter().any(|page| other.contains(page)),
        (Scope::List, Scope::List) | (Scope::Global, Scope::Global) => true,
        _ => false,
    }
}

impl Keymap {
    /// With other keys for some actions, by name; what no action is called is told.
    pub fn with(changes: &BTreeMap<String, Vec<String>>) -> Result<Self, String> {
        let mut map = Self::default();
        for (name, chords) in changes {
            let at = ACTIONS.iter().position(|(_, it, ..)| it == name);
            let at = at.ok_or_else(|| format!("keys.{name}: no action is called so; see notify-tui(1)"))?;
            map.0[at].1.clone_from(chords);
        }
        for (name, chords) in changes {
            if let Some((chord, other)) = map.taken(name, chords) {
                return Err(format!(
                    "keys.{name}: `{chord}` is a key of {other} as well; give one of them another"
                ));
            }
        }
        Ok(map)
    }

    /// Which of these keys of an action means another one where it does.
    fn taken(&self, name: &str, chords: &[String]) -> Option<(String, &'static str)> {
        let (.., scope, _) = ACTIONS.iter().find(|(_, it, ..)| *it == name)?;
        let others = self.0.iter().zip(ACTIONS).filter(|(_, (_, it, ..))| *it != name);
        let mut others = others.filter(|(_, (.., other, _))| meet(*scope, *other));
        others.find_map(|((_, theirs), (_, other, ..))| {
            let chord = chords.iter().find(|chord| theirs.contains(chord))?;
            Some((chord.clone(), *other))
        })
    }

    /// What a key means in this view: what is said for the view, then for lists, then for all.
    pub fn meaning(&self, chord: &str, page: Page) -> Option<Action> {
        let rank = |scope: Scope| match scope {
            Scope::In(pages) => pages.contains(&page).then_some(0),
            Scope::List => Some(1),
            Scope::Global => Some(2),
        };
        let bound = self.0.iter().zip(ACTIONS).filter(|((_, chords), _)| chords.iter().any(|it| it == chord));
        let fitting = bound.filter_map(|((action, _), (.., scope, _))| Some((rank(*scope)?, *action)));
        fitting.min_by_key(|(rank, _)| *rank).map(|(_, action)| action)
    }

    /// The keys of an action.
    pub fn chords(&self, action: Action) -> &[String] {
        self.0.iter().find(|(it, _)| *it == action).map_or(&[], |(_, chords)| chords)
    }

    /// The first of them that means it in this view.
    pub fn chord(&self, action: Action, page: Page) -> Option<&str> {
        let mut chords = self.chords(action).iter().map(String::as_str);
        chords.find(|chord| self.meaning(chord, page) == Some(action))
    }
}

/// Whether an action changes something in the daemon.
pub fn changes(action: Action) -> bool {
    matches!(
        action,
        Action::Retry
            | Action::Cancel
            | Action::Bury
            | Action::Postpone
            | Action::Reroute
            | Action::Bulk
            | Action::Hold
            | Action::Limit
            | Action::Order
            | Action::OpenCircuit
            | Action::HalfOpen
            | Action::CloseCircuit
            | Action::Switch
            | Action::Test
            | Action::Resend
            | Action::Recover
            | Action::Keys
            | Action::New
            | Action::Unlock
            | Action::Remove
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_key_means_two_things_in_one_place() {
        let map = Keymap::default();
        for page in Page::ALL {
            for (action, name, chords, scope, _) in ACTIONS {
                let here = match scope {
                    Scope::In(pages) => pages.contains(&page),
                    Scope::List | Scope::Global => continue,
                };
                for chord in chords.iter().filter(|_| here) {
                    assert_eq!(map.meaning(chord, page), Some(*action), "{chord} of {name} on {page:?}");
                }
            }
        }
        let plain: Vec<_> = ACTIONS.iter().filter(|row| !matches!(row.3, Scope::In(_))).collect();
        for (action, _, chords, ..) in &plain {
            for chord in *chords {
                let twice = plain.iter().filter(|row| row.2.contains(chord)).count();
                assert_eq!(twice, 1, "{chord} of {action:?}");
            }
        }
    }

    #[test]
    fn what_is_said_for_a_view_goes_first() {
        let map = Keymap::default();
        assert_eq!(map.meaning("space", Page::Live), Some(Action::Freeze));
        assert_eq!(map.meaning("space", Page::Queues), Some(Action::Mark));
        assert_eq!(map.meaning("G", Page::Notifications), Some(Action::Bottom));
        assert_eq!(map.meaning("R", Page::Queues), None);
    }

    #[test]
    fn keys_can_be_others() {
        let wish = BTreeMap::from([("refresh".to_owned(), vec!["f5".to_owned()])]);
        let map = Keymap::with(&wish).unwrap();
        assert_eq!(map.meaning("f5", Page::Queues), Some(Action::Refresh));
        assert_eq!(map.meaning("r", Page::Queues), None);
        let wrong = BTreeMap::from([("fly".to_owned(), vec![])]);
        assert!(Keymap::with(&wrong).unwrap_err().contains("keys.fly"));
    }

    #[test]
    fn a_key_has_one_name() {
        let key = |code, modifiers| chord(KeyEvent::new(code, modifiers)).unwrap();
        assert_eq!(key(KeyCode::Char('d'), KeyModifiers::CONTROL), "ctrl-d");
        assert_eq!(key(KeyCode::Char('G'), KeyModifiers::SHIFT), "G");
        assert_eq!(key(KeyCode::Char(' '), KeyModifiers::NONE), "space");
    }
}
