//! What the program knows.

mod confirm;
mod export;
mod here;
mod items;
mod link;
mod list;
mod live;
mod notes;
mod over;
mod pace;
mod page;
mod parts;
mod rates;
mod rows;
mod slots;
mod traffic;
pub(crate) mod weights;

pub use confirm::Confirm;
pub use export::Export;
pub use link::{Badge, Link, wait};
pub use list::{Item, List, Rank};
pub use live::Live;
pub use notes::{By, Notes, Story, WINDOWS};
pub use over::{Bar, Choice, Dialog, Hidden, Menu, Over, Wish};
pub use pace::Pace;
pub use page::Page;
pub use parts::{Data, Entry, Notice, Providers, Queues, Services, Webhooks};
pub use rates::Rates;
pub use rows::Rows;
pub use slots::Slots;
pub use traffic::Traffic;

use crate::config::{Settings, Times};
use crate::message::{Moment, Slot};
use notify_proto::control::{Role, Welcome};
use notify_proto::overview::Overview;
use notify_proto::series::SeriesView;
use notify_proto::upkeep::{OperationState, OperationView};
use notify_proto::values::ValuesView;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::{Duration, Instant};

/// The intervals `+` and `-` go through, milliseconds.
pub const INTERVALS: [u64; 6] = [250, 1_000, 2_000, 5_000, 15_000, 60_000];

/// Changes that are remembered.
pub const LOGGED: usize = 500;

/// Views that are remembered, to go back to.
pub const VISITED: usize = 100;

/// The whole of it.
#[derive(Debug, Clone, PartialEq)]
pub struct App {
    /// Now, as of the last message.
    pub now: Moment,
    /// The size of the terminal.
    pub size: (u16, u16),
    /// How somebody likes it.
    pub settings: Settings,
    /// The connection.
    pub link: Link,
    /// Who answers, once it has.
    pub welcome: Option<Welcome>,
    /// Where, once it has.
    pub socket: Option<PathBuf>,
    /// The last answer, kept when the connection is lost.
    pub data: Option<Data>,
    /// Since when nobody asks.
    pub paused: Option<Moment>,
    /// Between two looks.
    pub interval: Duration,
    /// Whether the mouse is ours; else the terminal's own, for selecting text.
    pub mouse: bool,
    /// Whether somebody looks at the terminal, as far as it tells.
    pub focused: bool,
    /// Bytes that came from the daemon.
    pub traffic: Traffic,
    /// What is asked when.
    pub slots: Slots,
    /// What happened last, worth a line for a while.
    pub notice: Option<Notice>,
    /// What was done, the newest last.
    pub log: Vec<Entry>,
    /// Whether the screen has to be painted.
    pub dirty: bool,
    /// Spreads reconnecting programs; changes with every use.
    pub seed: u64,
    /// Whether nothing may be changed, whatever the role.
    pub read_only: bool,
    /// Whose program it is.
    pub user: Option<String>,

    /// The view.
    pub page: Page,
    /// Views before this one, each with its filter.
    pub earlier: Vec<(Page, String)>,
    /// Views one came back from.
    pub later: Vec<(Page, String)>,
    /// What lies over it.
    pub over: Option<Over>,
    /// Whether the panel beside the list has the keys.
    pub side: bool,
    /// The row or line of that panel.
    pub side_at: usize,
    /// Whether the detail has the whole body.
    pub open: bool,
    /// Whether ids are whole.
    pub wide: bool,
    /// How times are written.
    pub times: Times,

    /// The first screen, and its revision in this run of the daemon.
    pub overview: Option<(Option<u64>, Box<Overview>)>,
    /// Which panel of the first screen has the keys: what needs a look, the queues, the providers, the webhooks.
    pub panel: usize,
    /// The row of the attention list.
    pub attention_at: usize,
    /// View 2.
    pub queues: Queues,
    /// View 3.
    pub notes: Notes,
    /// View 4.
    pub retries: Notes,
    /// View 5.
    pub dead: Notes,
    /// View 6.
    pub providers: Providers,
    /// View 7.
    pub webhooks: Webhooks,
    /// View 8.
    pub services: Services,
    /// View 9.
    pub live: Live,
    /// What the newest notifications have in their fields, as the filter line was opened.
    pub values: ValuesView,
    /// What was measured over time of what is under the cursor.
    pub series: Option<SeriesView>,
    /// Days dead letters are kept.
    pub kept_days: Option<u32>,
    /// Long work, newest first.
    pub work: Vec<OperationView>,
    /// What was begun from here and has not ended, as far as is known.
    pub begun: Vec<String>,
    /// The export that goes on.
    pub export: Option<Export>,
    /// The words that lists without the filter language are filtered by.
    pub words: BTreeMap<Page, String>,
}

impl App {
    /// At the start; the first thing to do is to connect.
    pub fn new(now: Moment, settings: &Settings, seed: u64) -> Self {
        Self {
            now,
            size: (100, 30),
            settings: settings.clone(),
            link: Link::Connecting { since: now.instant },
            welcome: None,
            socket: None,
            data: None,
            paused: None,
            interval: settings.interval,
            mouse: settings.mouse,
            focused: true,
            traffic: Traffic::default(),
            slots: Slots::default(),
            notice: None,
            log: Vec::new(),
            dirty: true,
            seed,
            read_only: false,
            user: None,
            page: settings.view,
            earlier: Vec::new(),
            later: Vec::new(),
            over: None,
            side: false,
            side_at: 0,
            open: false,
            wide: false,
            times: settings.times,
            overview: None,
            panel: 0,
            attention_at: 0,
            queues: Queues::default(),
            notes: Notes::default(),
            retries: Notes::default(),
            dead: Notes::default(),
            providers: Providers::default(),
            webhooks: Webhooks::default(),
            services: Services::default(),
            live: Live::default(),
            values: ValuesView::default(),
            series: None,
            kept_days: None,
            work: Vec::new(),
            begun: Vec::new(),
            export: None,
            words: BTreeMap::new(),
        }
    }

    /// Says something for a while.
    pub fn say(&mut self, text: impl Into<String>) {
        self.notice = Some(Notice { text: text.into(), until: self.now.instant + Duration::from_secs(15) });
    }

    /// The points of a series, once they were told.
    pub fn points(&self, key: &str) -> Option<&[f64]> {
        let line = self.series.as_ref()?.series.iter().find(|line| line.key == key)?;
        Some(&line.points)
    }

    /// Logs a change that is asked for.
    pub fn note(&mut self, line: String) {
        if self.log.len() == LOGGED {
            self.log.remove(0);
        }
        self.log.push(Entry { at: self.now.wall, who: self.user.clone(), line, result: None });
    }

    /// How old the last answer is.
    pub fn age(&self) -> Option<Duration> {
        self.data.as_ref().map(|data| self.now.instant.saturating_duration_since(data.at.instant))
    }

    /// The interval in force: doubled while answers take more than half of it, and such that there is one question in five
    /// intervals while nobody looks.
    pub fn pace(&self) -> Duration {
        let pace = if self.slow() { self.interval * 2 } else { self.interval };
        if self.focused {
            return pace;
        }
        let questions = u32::try_from(crate::update::wanted(self).len()).unwrap_or(1);
        pace * 5 * questions.max(1)
    }

    /// From which age on the last answer is out of date: the next one is late, more than it was before.
    pub fn stale_after(&self) -> Duration {
        let took = self.data.as_ref().map(|data| data.round_trip).unwrap_or_default();
        self.pace() + (took * 2).max(Duration::from_secs(1))
    }

    /// Whether answers take more than half the interval.
    pub fn slow(&self) -> bool {
        self.data.as_ref().is_some_and(|data| data.round_trip > self.interval / 2)
    }

    /// The word in the corner.
    pub fn badge(&self) -> Badge {
        Badge::of(self)
    }

    /// Why nothing can be changed now.
    pub fn locked(&self) -> Option<&'static str> {
        if self.read_only {
            Some("read only, as --read-only says")
        } else if self.welcome.as_ref().is_none_or(|welcome| welcome.role == Role::Viewer) {
            Some("read only: your role is viewer; membership in notify-admin would change that")
        } else if self.badge().doubtful() {
            Some("not now: what is shown may be out of date")
        } else {
            None
        }
    }

    /// Long work that goes on.
    pub fn running(&self) -> impl Iterator<Item = &OperationView> {
        self.work.iter().filter(|work| work.state == OperationState::Running)
    }

    /// Whether every question of the view has been answered once.
    pub fn settled(&self) -> bool {
        let asked = crate::update::wanted(self);
        asked.iter().all(|(slot, _)| self.slots.answered(*slot)) && !self.slots.pending(Slot::Detail)
    }

    /// When the next tick is needed: for what is due, or for the ages on the screen.
    pub fn wake(&self) -> Instant {
        let now = self.now.instant;
        let second = now + Duration::from_secs(if self.settings.calm { 10 } else { 1 });
        if self.paused.is_some() {
            return second;
        }
        let due = match &self.link {
            Link::Lost { retry_at, trying: false, .. } => *retry_at,
            Link::Up => {
                let asked = crate::update::wanted(self);
                let due = asked.iter().filter_map(|(slot, _)| self.slots.next(*slot, now)).min();
                let stale = self.data.as_ref().map(|data| data.at.instant + self.stale_after());
                // A moment later it is older than that.
                let stale = stale.map(|at| at + Duration::from_millis(1)).filter(|at| *at > now);
                due.into_iter().chain(stale).min().unwrap_or(second)
            }
            _ => second,
        };
        due.min(second).max(now)
    }
}
