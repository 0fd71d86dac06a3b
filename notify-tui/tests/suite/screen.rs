//! What the screen shows in each state, with and without colour and other luxuries.

use crate::house::{after, answer, begun, screen, start, status, welcome};
use notify_proto::socket::{NoDaemon, Trouble};
use notify_tui::message::{Action, Answer, Failure, Msg, Slot};
use notify_tui::state::{App, Page};
use notify_tui::update;
use notify_tui::view::{Look, Theme};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use std::time::Duration;

const PLAIN: Look = Look { theme: Theme::Mono, ascii: true };
const RICH: Look = Look { theme: Theme::Default, ascii: false };

fn app() -> App {
    begun(Page::Overview)
}

/// An older daemon, that has no overview.
fn live() -> App {
    let begin = start();
    let mut app = app();
    let cmds = update(&mut app, Msg::Greeted(welcome(1), "/s".into()), begin);
    answer(&mut app, &cmds, Slot::Status, Answer::Status(status(1, 100)), begin);
    let now = after(begin, 1_000);
    let cmds = update(&mut app, Msg::Tick, now);
    answer(&mut app, &cmds, Slot::Status, Answer::Status(status(1, 912)), now);
    app
}

#[test]
fn the_live_screen() {
    let text = screen(&live(), PLAIN, 100, 24);
    for part in [
        "notify-tui",
        "ops-1",
        "notifyd 0.1.0",
        "LIVE 1s",
        "rtt 0.4ms",
        "VIEWER",
        "08:00:01 UTC",
        "! degraded",
        "the circuit of provider relay is open?[31m",
        "o queued",
        "1,284",
        "~ retrying",
        "3,977",
        "x failed",
        "87",
        "+ delivered",
        "4,218,113",
        "in flight",
        "812.0/s",
        "oldest queued",
        "6m12s",
        "relay",
        "x OPEN",
        "3/32",
        "5 failures in a row",
        "+ closed",
        "- off",
        "~ half-open",
        "simulated",
        "sms,email",
        "q quit",
        "[1 Ovr]",
        "9 Live",
        "read only: your role is viewer",
    ] {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    assert!(text.is_ascii(), "{text}");
}

#[test]
fn every_state_can_be_told_without_colour() {
    let begin = start();
    let none = |trouble| Msg::NoDaemon(NoDaemon { places: vec!["/run/s.sock".into()], trouble });
    let mut seen = Vec::new();
    let mut shown = |app: &App| seen.push(screen(app, PLAIN, 80, 20));
    shown(&app());
    for trouble in [Trouble::Missing, Trouble::Stale, Trouble::NoRight, Trouble::Closed] {
        let mut app = app();
        update(&mut app, none(trouble), begin);
        shown(&app);
    }
    let mut app = live();
    shown(&app);
    update(&mut app, Msg::Did(Action::Pause), after(begin, 1_500));
    shown(&app);
    update(&mut app, Msg::Did(Action::Pause), after(begin, 1_600));
    let cmds = update(&mut app, Msg::Tick, after(begin, 9_000));
    let number = crate::house::number(&cmds, Slot::Status);
    let late = Msg::Answered(Slot::Status, number, Err(Failure::Late), Duration::from_secs(2));
    update(&mut app, late, after(begin, 12_000));
    shown(&app);
    update(&mut app, Msg::Broken, after(begin, 13_000));
    shown(&app);
    let mut other = *welcome(1);
    (other.protocol, other.oldest_protocol) = (9, 9);
    update(&mut app, Msg::Misfit(Box::new(other)), after(begin, 14_000));
    shown(&app);
    let count = seen.len();
    let words = [
        "CONNECTING",
        "no socket",
        "left over",
        "no right",
        "groups",
        "LIVE",
        "PAUSED",
        "STALE",
        "LOST",
        "upgrade notify-tui",
    ];
    for (text, word) in seen.iter().zip(words) {
        assert!(text.contains(word), "`{word}` is not on\n{text}");
    }
    seen.sort();
    seen.dedup();
    assert_eq!(seen.len(), count);
}

#[test]
fn a_lost_connection_keeps_the_numbers_and_says_how_old_they_are() {
    let mut app = live();
    let now = after(app.now, 65_000);
    update(&mut app, Msg::Broken, now);
    let text = screen(&app, PLAIN, 100, 24);
    for part in ["LOST 0s, retry in 1s", "was degraded 1m05s ago", "the connection broke", "4,218,113", "--"]
    {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    assert!(!text.contains("812.0/s"), "a rate of the past is none\n{text}");
}

#[test]
fn colours_only_where_they_are_wanted() {
    let colours = |look| {
        let mut terminal = Terminal::new(TestBackend::new(100, 24)).unwrap();
        terminal.draw(|frame| notify_tui::view::draw(&live(), look, frame)).unwrap();
        let cells = terminal.backend().buffer().content();
        cells.iter().filter(|cell| cell.fg != Color::Reset || cell.bg != Color::Reset).count()
    };
    assert_eq!(colours(PLAIN), 0);
    assert!(colours(RICH) > 0);
    assert!(screen(&live(), RICH, 100, 24).contains('─'));
}

#[test]
fn it_says_when_there_is_no_room() {
    assert!(screen(&live(), PLAIN, 48, 12).contains("needs 60x15, have 48x12"));
    let smallest = screen(&live(), PLAIN, 60, 15);
    for part in ["relay", "q quit", "x OPEN", "9"] {
        assert!(smallest.contains(part), "`{part}` is not on\n{smallest}");
    }
    let mut back = live();
    back.say("back after 71 s: the daemon restarted");
    assert!(screen(&back, PLAIN, 60, 15).contains("back after 71 s"));
}

#[test]
fn builds_that_differ_have_a_line_of_their_own() {
    let (mut app, ..) = crate::house::live(Page::Overview);
    let shown = |app: &App| crate::house::screen(app, PLAIN, 120, 36);
    assert!(!shown(&app).contains("different builds"));
    app.welcome.as_mut().unwrap().daemon.version = "9.9.9".into();
    assert!(shown(&app).contains("notifyd 9.9.9 and notify-tui 0.1.0 are different builds"));
}

#[test]
fn what_is_wrong_can_be_read_to_its_end() {
    let words =
        |text: &str| text.replace(['"', '|', '\n'], " ").split_whitespace().collect::<Vec<_>>().join(" ");
    let (mut app, ..) = crate::house::live(Page::Notifications);
    app.size = (80, 24);
    let wrong = |app: &mut App, key: &str, text: &str| {
        crate::house::press(app, &[key]);
        crate::house::write(app, text);
        crate::house::press(app, &["enter"]);
        let text = words(&screen(app, PLAIN, 80, 24));
        crate::house::press(app, &["esc"]);
        text
    };
    let said = wrong(&mut app, "/", "colour:red");
    assert!(said.contains("`colour:` is no filter field") && said.contains("due, meta.KEY"), "{said}");
    let said = wrong(&mut app, ":", "bogus");
    assert!(said.contains("`bogus` is none of: a view") && said.contains("cancel op_N"), "{said}");
    crate::house::press(&mut app, &["9"]);
    let said = wrong(&mut app, "/", "colour:red");
    assert!(said.contains("`colour`") || said.contains("`colour:"), "{said}");
    app.say(format!(
        "/home/ops/.config/notify/tui.toml: line 12: unknown field `{}`, expected one",
        "x".repeat(40)
    ));
    let said = words(&screen(&app, PLAIN, 80, 24));
    assert!(said.contains("tui.toml: line 12") && said.contains("expected one"), "{said}");

    let places = vec!["/run/user/1000/notifyd/control.sock".into(), "/run/notifyd/control.sock".into()];
    let refused = Msg::NoDaemon(NoDaemon { places: places.clone(), trouble: Trouble::NoRight });
    let mut stranger = self::app();
    update(&mut stranger, refused, start());
    let said = words(&screen(&stranger, PLAIN, 60, 15));
    assert!(said.contains("usermod -aG notify USER as root, then log in again"), "{said}");
    let gone = Msg::NoDaemon(NoDaemon { places, trouble: Trouble::Stale });
    for page in ["1", "3", "7"] {
        crate::house::press(&mut app, &[page]);
        let now = app.now;
        update(&mut app, gone.clone(), now);
        for (width, height) in [(60, 15), (80, 24), (100, 30), (120, 36)] {
            app.size = (width, height);
            let said = screen(&app, PLAIN, width, height);
            assert!(words(&said).contains("journalctl -u notifyd) and start it"), "{page} {width}\n{said}");
            assert!(
                said.contains(" r now  q quit ") || said.contains(" r now  q back "),
                "{page} {width}\n{said}"
            );
            assert!(!said.contains("filter  "), "nothing else works\n{said}");
        }
    }
}

#[test]
fn a_paused_view_that_knows_nothing_says_that_nobody_asks() {
    for page in ["2", "3", "4", "5", "7", "8", "9"] {
        let (mut app, ..) = crate::house::live(Page::Overview);
        crate::house::press(&mut app, &["p", page]);
        let said = screen(&app, PLAIN, 120, 36);
        assert!(said.contains("paused, so nothing is asked: p goes on"), "{page}\n{said}");
        assert!(!said.contains("asking ..."), "{page}\n{said}");
    }
}
