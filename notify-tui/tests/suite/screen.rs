//! What the screen shows in each state, with and without colour and other luxuries.

use crate::house::{after, screen, start, status, welcome};
use notify_proto::socket::{NoDaemon, Trouble};
use notify_tui::message::{Action, Msg};
use notify_tui::state::App;
use notify_tui::update;
use notify_tui::view::Look;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::style::Color;
use std::time::Duration;

const PLAIN: Look = Look { color: false, ascii: true };
const RICH: Look = Look { color: true, ascii: false };

fn app() -> App {
    App::new(start(), Duration::from_secs(1), 7)
}

fn live() -> App {
    let begin = start();
    let mut app = App::new(begin, Duration::from_secs(1), 7);
    update(&mut app, Msg::Greeted(welcome(1), "/s".into()), begin);
    update(&mut app, Msg::Status(status(1, 100), Duration::from_micros(400)), begin);
    update(&mut app, Msg::Status(status(1, 912), Duration::from_micros(400)), after(begin, 1_000));
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
        "status view: changes by notifyctl",
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
    update(&mut app, Msg::Late, after(begin, 12_000));
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
fn it_draws_at_every_size_and_says_when_there_is_no_room() {
    let mut lost = live();
    update(&mut lost, Msg::Broken, after(start(), 5_000));
    let mut help = live();
    update(&mut help, Msg::Did(Action::Help), after(start(), 5_000));
    for app in [&app(), &live(), &lost, &help] {
        for width in (1..=200).step_by(7) {
            for height in 1..=60 {
                screen(app, RICH, width, height);
            }
        }
    }
    assert!(screen(&live(), PLAIN, 48, 12).contains("needs 60x15, have 48x12"));
    let smallest = screen(&live(), PLAIN, 60, 15);
    for part in ["queued", "relay", "q quit", "x OPEN"] {
        assert!(smallest.contains(part), "`{part}` is not on\n{smallest}");
    }
    let mut back = live();
    back.say("back after 71 s: the daemon restarted".into());
    assert!(screen(&back, PLAIN, 60, 15).contains("back after 71 s"));
    assert!(screen(&help, PLAIN, 60, 15).contains("status view"));
}
