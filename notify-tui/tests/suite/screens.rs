//! Every view in every state at the sizes people have, letter by letter: `UPDATE_SCREENS=1` writes them anew.

use crate::house::{admin, after, asked, id, screen, start};
use crate::world::{World, reply};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use notify_proto::{ApiError, ErrorCode};
use notify_tui::config::Settings;
use notify_tui::message::{Answer, Cmd, Failure, Moment, Msg, Slot};
use notify_tui::state::{App, Page};
use notify_tui::update;
use notify_tui::view::{Look, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::{Color, Modifier};
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

const PLAIN: Look = Look { theme: Theme::Mono, ascii: true };

/// The sizes.
const SIZES: [(u16, u16); 5] = [(60, 15), (80, 24), (100, 30), (120, 36), (160, 45)];

/// The states, each with its name.
const STATES: [&str; 5] = ["live", "empty", "lost", "error", "paused"];

/// What has no answer in the state "error".
const REFUSED: [Slot; 7] =
    [Slot::List, Slot::Count, Slot::Detail, Slot::Side, Slot::Also, Slot::Trend, Slot::Overview];

/// Answers all that is asked but for this, and all that follows from it.
fn settle(app: &mut App, mut cmds: Vec<Cmd>, world: World, refused: &[Slot], now: Moment) {
    for round in 0..8 {
        // The detail is asked for once the cursor stands still.
        let now = after(now, round * 200);
        let mut next = Vec::new();
        for (slot, number, question) in asked(&cmds) {
            let answer = if refused.contains(&slot) {
                Err(Failure::Refused(ApiError::new(ErrorCode::Unavailable, "the log is busy")))
            } else {
                Ok(reply(world, &question))
            };
            next.extend(update(app, Msg::Answered(slot, number, answer, Duration::from_micros(400)), now));
        }
        next.extend(update(app, Msg::Tick, now));
        cmds = next;
    }
}

/// A view in a state at a size.
fn app(page: Page, state: &str, size: (u16, u16)) -> App {
    let begin = start();
    let mut app = App::new(begin, &Settings { view: page, ..Settings::default() }, 7);
    app.size = size;
    let cmds = update(&mut app, Msg::Greeted(admin(1), "/run/notifyd/control.sock".into()), begin);
    let world = if state == "empty" { World::Empty } else { World::Full };
    let refused: &[Slot] = if state == "error" { &REFUSED } else { &[] };
    settle(&mut app, cmds, world, refused, begin);
    let later = after(begin, 65_000);
    match state {
        "lost" => drop(update(&mut app, Msg::Broken, later)),
        "paused" => {
            let key = KeyEvent::new(KeyCode::Char('p'), KeyModifiers::NONE);
            drop(update(&mut app, Msg::Key(key), after(begin, 2_000)));
        }
        _ => {}
    }
    app
}

/// Without quotes and without blanks at the ends of lines.
fn plain(text: &str) -> String {
    let lines = text.lines().map(|line| line.trim_matches('"').trim_end());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_screen_is_as_it_was() {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/screens");
    let update = std::env::var_os("UPDATE_SCREENS").is_some();
    for page in Page::ALL {
        let mut all = String::new();
        for state in STATES {
            for (width, height) in SIZES {
                let shown = plain(&screen(&app(page, state, (width, height)), PLAIN, width, height));
                let _ = writeln!(all, "== {} {state} {width}x{height}\n{shown}", page.word());
            }
        }
        let file = directory.join(format!("{}.txt", page.word()));
        if update {
            std::fs::create_dir_all(&directory).unwrap();
            std::fs::write(&file, &all).unwrap();
        }
        let stored = std::fs::read_to_string(&file).unwrap_or_default();
        let differs = stored.lines().zip(all.lines()).find(|(was, is)| was != is);
        assert!(
            stored == all,
            "{} differs, first in {differs:?}; if that is right: UPDATE_SCREENS=1 cargo test -p notify-tui --test suite screens",
            file.display()
        );
    }
}

#[test]
fn every_state_has_its_word_at_every_size() {
    for page in Page::ALL {
        for size in SIZES {
            let shown = STATES.map(|state| screen(&app(page, state, size), PLAIN, size.0, size.1));
            for (text, word) in shown.iter().zip(["LIVE", "LIVE", "LOST", "LIVE", "PAUSED"]) {
                assert!(text.contains(word), "{page:?} {size:?}: {word}\n{text}");
            }
            // The providers come with the status, which is not refused here.
            let told =
                shown[3].contains("the log is busy") || matches!(page, Page::Overview | Page::Providers);
            assert!(told, "{page:?} {size:?}\n{}", shown[3]);
        }
    }
}

#[test]
fn every_mark_has_its_word_and_its_colour() {
    let look = Look { theme: Theme::Default, ascii: true };
    let bold = |color| (color, true);
    let marks = [
        (Page::Overview, "CRIT", bold(Color::Red)),
        (Page::Overview, "WARN", (Color::Yellow, false)),
        (Page::Notifications, "~ retrying", (Color::Yellow, false)),
        (Page::Providers, "x OPEN", bold(Color::Red)),
        (Page::Providers, "+ closed", (Color::Green, false)),
        (Page::Providers, "~ half-open", (Color::Yellow, false)),
        (Page::Queues, "+ running", (Color::Green, false)),
        (Page::Webhooks, "! failing", (Color::Yellow, false)),
        (Page::Webhooks, "+ acknowledged", (Color::Green, false)),
        (Page::Webhooks, "x failed", bold(Color::Red)),
        (Page::Services, "+ active", (Color::Green, false)),
        (Page::Services, "! locked", bold(Color::Red)),
        (Page::Live, "x circuit_open", bold(Color::Red)),
    ];
    for (page, words, (color, bold)) in marks {
        let app = app(page, "live", (160, 45));
        let mut terminal = Terminal::new(TestBackend::new(160, 45)).unwrap();
        terminal.draw(|frame| notify_tui::view::draw(&app, look, frame)).unwrap();
        let buffer = terminal.backend().buffer();
        let rows: Vec<String> = buffer
            .content()
            .chunks(160)
            .map(|row| row.iter().map(ratatui::buffer::Cell::symbol).collect())
            .collect();
        let found = rows.iter().enumerate().find_map(|(y, row)| Some((row.find(words)?, y)));
        let (x, y) = found.unwrap_or_else(|| panic!("`{words}` is not on {page:?}\n{}", rows.join("\n")));
        let cell = &buffer[(u16::try_from(x).unwrap(), u16::try_from(y).unwrap())];
        assert_eq!((cell.fg, cell.modifier.contains(Modifier::BOLD)), (color, bold), "{words} on {page:?}");
        assert!(screen(&app, PLAIN, 160, 45).contains(words), "without colour the word is the same");
    }
}

#[test]
fn what_is_shown_of_retries_can_be_told_apart_and_bounded() {
    let mut app = app(Page::Retries, "live", (120, 36));
    let now = app.now;
    let shown = screen(&app, PLAIN, 120, 36);
    for part in
        ["Grouped by error", "503 upstream unavailable", "3,204", "(none)", "shows all", "retries 3,977"]
    {
        assert!(shown.contains(part), "`{part}` is not on\n{shown}");
    }
    let key =
        |app: &mut App, c| update(app, Msg::Key(KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE)), now);
    let cmds = key(&mut app, 'G');
    let by = asked(&cmds).into_iter().find(|(slot, ..)| *slot == Slot::Also).unwrap().2;
    assert!(format!("{by:?}").contains("Provider"), "{by:?}");
    settle(&mut app, cmds, World::Full, &[], now);
    assert!(screen(&app, PLAIN, 120, 36).contains("Grouped by provider"));
    let cmds = key(&mut app, '[');
    let list = asked(&cmds).into_iter().find(|(slot, ..)| *slot == Slot::List).unwrap().2;
    assert!(format!("{list:?}").contains("DueBefore"), "{list:?}");
    assert!(screen(&app, PLAIN, 120, 36).contains("shows <24h"));
    let tab = KeyEvent::new(KeyCode::Tab, KeyModifiers::NONE);
    update(&mut app, Msg::Key(tab), now);
    settle(&mut app, cmds, World::Full, &[], now);
    update(&mut app, Msg::Key(KeyEvent::new(KeyCode::Enter, KeyModifiers::NONE)), now);
    assert_eq!(app.filter(), r#"provider:"503 upstream unavailable""#, "only these");
}

#[test]
fn what_waits_to_be_told_to_webhooks_leads_to_them() {
    let mut app = app(Page::Retries, "live", (120, 36));
    let now = app.now;
    let key = |app: &mut App, code| update(app, Msg::Key(KeyEvent::new(code, KeyModifiers::NONE)), now);
    for _ in 0..5 {
        let cmds = key(&mut app, KeyCode::Char('G'));
        settle(&mut app, cmds, World::Full, &[], now);
    }
    let shown = screen(&app, PLAIN, 120, 36);
    for part in ["Grouped by webhook", "acme https://hooks.acme.test/n", "812"] {
        assert!(shown.contains(part), "`{part}` is not on\n{shown}");
    }
    key(&mut app, KeyCode::Tab);
    let cmds = key(&mut app, KeyCode::Enter);
    settle(&mut app, cmds, World::Full, &[], now);
    assert_eq!((app.page, app.filter()), (Page::Webhooks, ""));
    assert_eq!(app.webhooks.list.current().map(|it| it.id.to_string()), Some(id(800)));
}

#[test]
fn what_is_not_told_again_says_so_in_its_place_and_all_else_goes_on() {
    let of = |page: Page, slots: &[Slot], keys: &[KeyCode]| {
        for slot in slots {
            let mut app = app(page, "live", (120, 36));
            for code in keys {
                let now = app.now;
                let cmds = update(&mut app, Msg::Key((*code).into()), now);
                settle(&mut app, cmds, World::Full, &[], now);
            }
            let before = screen(&app, PLAIN, 120, 36);
            let later = after(app.now, 65_000);
            let cmds = update(&mut app, Msg::Tick, later);
            settle(&mut app, cmds, World::Full, &[*slot], later);
            let shown = screen(&app, PLAIN, 120, 36);
            assert!(!before.contains("log is busy"), "{page:?} {slot:?}\n{before}");
            assert!(shown.contains("the log is busy"), "{page:?} {slot:?}\n{shown}");
            let told = shown.matches("log is busy").count();
            assert!(told <= 2, "{page:?} {slot:?}: {told} panels\n{shown}");
        }
    };
    of(Page::Overview, &[Slot::Overview], &[]);
    of(Page::Queues, &[Slot::List, Slot::Detail, Slot::Also], &[]);
    of(Page::Notifications, &[Slot::List, Slot::Detail], &[]);
    of(Page::Retries, &[Slot::List, Slot::Side, Slot::Also], &[]);
    of(Page::Retries, &[Slot::Detail], &[KeyCode::Enter]);
    of(Page::Dead, &[Slot::List, Slot::Detail, Slot::Side], &[]);
    of(Page::Providers, &[Slot::Detail, Slot::Side, Slot::Also], &[]);
    of(Page::Webhooks, &[Slot::List, Slot::Detail, Slot::Also], &[]);
    of(Page::Webhooks, &[Slot::Side], &[KeyCode::Tab]);
    of(Page::Webhooks, &[Slot::Trend], &[KeyCode::Enter]);
    of(Page::Services, &[Slot::List, Slot::Detail, Slot::Side, Slot::Also], &[]);
}

#[test]
fn a_webhook_is_told_by_event_and_by_response() {
    let app = app(Page::Webhooks, "live", (120, 36));
    let shown = screen(&app, PLAIN, 120, 36);
    for part in [
        "by event, 60m",
        "created",
        "3,871",
        "237",
        "by last answer, 60m",
        "96.7%",
        "owed 1,004 for 10m0",
        "1,860",
    ] {
        assert!(shown.contains(part), "`{part}` is not on\n{shown}");
    }
}

#[test]
fn a_provider_is_told_with_its_ways_and_what_happened_to_it() {
    let app = app(Page::Providers, "live", (120, 36));
    let shown = screen(&app, PLAIN, 120, 36);
    for part in [
        "failover by channel",
        "sms, email: relay(OPEN) -> spare -> mock(half-open)",
        "circuit_open",
        "password\":\"***",
        "passed over (breaker open: 5~|",
    ] {
        assert!(shown.contains(part), "`{part}` is not on\n{shown}");
    }
    let none = reply(World::Full, &notify_tui::message::Question::Log("relay".into()));
    assert!(matches!(none, Answer::Log(..)));
}
