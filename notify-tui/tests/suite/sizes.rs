//! Every view at every size, in every state: something is drawn, nothing panics, nothing tricks the terminal.

use crate::house::{after, answer, live, page, press, screen};
use notify_proto::ApiError;
use notify_proto::ErrorCode;
use notify_tui::message::{Answer, Failure, Msg, Slot};
use notify_tui::state::{App, Page};
use notify_tui::update;
use notify_tui::view::{Look, Theme};
use proptest::prelude::{any, prop_assert, proptest};
use proptest::sample::select;
use std::time::Duration;

const PLAIN: Look = Look { theme: Theme::Mono, ascii: true };
const RICH: Look = Look { theme: Theme::Cb, ascii: false };

/// A view with data, as far as it has some.
fn filled(view: Page) -> App {
    let (mut app, cmds, begin) = live(view);
    if crate::house::slots(&cmds).contains(&Slot::Overview) {
        answer(&mut app, &cmds, Slot::Overview, crate::house::overview(), begin);
    }
    let list = match view {
        Page::Queues => Some(crate::house::queues()),
        Page::Live => Some(crate::house::events()),
        Page::Notifications => Some(page(0..50, "retrying", Some("next"))),
        Page::Retries => Some(page(0..50, "retrying", None)),
        Page::Dead => Some(page(0..50, "failed", None)),
        Page::Webhooks => Some(crate::house::webhooks()),
        Page::Services => Some(Answer::Services(Vec::new())),
        _ => None,
    };
    if let Some(list) = list {
        answer(&mut app, &cmds, Slot::List, list, begin);
    }
    app
}

fn state(view: Page, state: usize) -> App {
    let mut app = filled(view);
    let later = after(app.now, 65_000);
    match state {
        1 => drop(update(&mut app, Msg::Broken, later)),
        2 => drop(press(&mut app, &["p"])),
        3 => drop(press(&mut app, &["?"])),
        4 => drop(press(&mut app, &["enter"])),
        5 => drop(press(&mut app, &["tab"])),
        6 => drop(press(&mut app, &["space", "C"])),
        7 => drop(press(&mut app, &["/", "x", ":"])),
        8 => app = live(view).0,
        9 => {
            let cmds = update(&mut app, Msg::Tick, later);
            for slot in [Slot::List, Slot::Detail, Slot::Side, Slot::Overview] {
                let asked = crate::house::asked(&cmds).into_iter().find(|(it, ..)| *it == slot);
                if let Some((slot, number, _)) = asked {
                    let why = Failure::Refused(ApiError::new(ErrorCode::Unavailable, "the log is busy"));
                    update(&mut app, Msg::Answered(slot, number, Err(why), Duration::ZERO), later);
                }
            }
        }
        _ => {}
    }
    app
}

proptest! {
    #[test]
    fn nothing_panics_at_any_size(
        view in select(Page::ALL.to_vec()),
        which in 0_usize..10,
        (width, height) in (1_u16..=250, 1_u16..=80),
        ascii in any::<bool>(),
        keys in proptest::collection::vec(select(vec!["j", "k", "g", "G", "tab", "w", "t", "F", "S", "v"]), 0..6),
    ) {
        let mut app = state(view, which);
        let now = after(app.now, 10);
        update(&mut app, Msg::Resized(width, height), now);
        press(&mut app, &keys);
        let look = Look { ascii, ..RICH };
        let text = screen(&app, look, width, height);
        prop_assert!(!text.contains('\u{1b}'), "{text}");
        prop_assert!(!ascii || text.is_ascii(), "{text}");
    }
}

#[test]
fn every_view_says_its_name_and_its_state_at_the_sizes_people_have() {
    for view in Page::ALL {
        for (width, height) in [(60, 15), (80, 24), (100, 30), (120, 36), (160, 45)] {
            for (which, word) in [(0, "LIVE"), (1, "LOST"), (2, "PAUSED"), (8, "LIVE")] {
                let mut app = state(view, which);
                let now = app.now;
                update(&mut app, Msg::Resized(width, height), now);
                let text = screen(&app, PLAIN, width, height);
                assert!(text.contains(word), "{view:?} {width}x{height}: `{word}` is not on\n{text}");
                let told = text.contains("the connection broke") || height < 20;
                assert!(which != 1 || told, "{view:?} {width}x{height}\n{text}");
                assert!(text.contains(&format!("[{} ", view.digit())), "{view:?} {width}x{height}\n{text}");
            }
        }
    }
}

#[test]
fn a_panel_without_an_answer_says_why_and_what_to_do() {
    for view in [Page::Queues, Page::Notifications, Page::Retries, Page::Dead, Page::Services] {
        let text = screen(&state(view, 9), PLAIN, 120, 36);
        assert!(text.contains("the log is busy; r tries again"), "{view:?}\n{text}");
    }
    let (mut app, cmds, begin) = live(Page::Live);
    answer(&mut app, &cmds, Slot::List, crate::house::events(), begin);
    let begin = after(begin, 300);
    let cmds = update(&mut app, Msg::Tick, begin);
    let why = Failure::Refused(ApiError::new(ErrorCode::Unavailable, "the log is busy"));
    let number = crate::house::number(&cmds, Slot::List);
    update(&mut app, Msg::Answered(Slot::List, number, Err(why), Duration::ZERO), begin);
    let live = screen(&app, PLAIN, 120, 36);
    assert!(live.contains("the log is busy; r tries again"), "{live}");
}

#[test]
fn an_empty_view_says_what_to_do_next() {
    assert!(screen(&filled(Page::Services), PLAIN, 120, 36).contains("N creates one"));
    let (mut app, cmds, begin) = live(Page::Dead);
    answer(&mut app, &cmds, Slot::List, page([], "failed", None), begin);
    assert!(screen(&app, PLAIN, 120, 36).contains("No dead letters. Good."));
}

#[test]
fn the_list_of_notifications_at_120_by_36() {
    let text = screen(&filled(Page::Notifications), PLAIN, 120, 36);
    for part in [
        "ID",
        "AGE",
        "STATUS",
        "RECIPIENT",
        "LAST ERROR",
        "~ retrying",
        "+91******4821",
        "acme",
        "relay",
        "1/5",
        "in 5m00s",
        "503 upstream ?[2J unavailable",
        "newest first",
        "R retry",
        "/ filter",
        "? help",
        "q quit",
    ] {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
}

#[test]
fn the_first_view_at_120_by_36_and_at_80_by_24() {
    let mut app = filled(Page::Overview);
    let text = screen(&app, PLAIN, 120, 36);
    for part in [
        "Needs attention: 2",
        "CRIT provider relay",
        "5/5 failed, for 41s",
        "WARN queue",
        "READY",
        "1,284",
        "48/64",
        "DELIV/s",
        "812.4",
        "ACK 5m",
        "94.2%",
        "accept->deliver",
        "702ms",
        "msg91",
        "x OPEN",
        "61.8",
        "hooks.acme.test/n",
        "!2",
        "behind",
        "enter go there",
    ] {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    let small = screen(&app, PLAIN, 80, 24);
    for part in ["CRIT provider relay", "ready", "1,284", "deliv/s", "812.4", "msg91", "x OPEN"] {
        assert!(small.contains(part), "`{part}` is not on\n{small}");
    }
    press(&mut app, &["enter"]);
    assert_eq!(app.page, Page::Providers, "Enter goes where it is to be seen");
    assert_eq!(app.rows().unwrap().here().as_deref(), Some("relay"));
}

#[test]
fn what_happens_is_told_with_its_mark_and_can_be_held() {
    let mut app = filled(Page::Live);
    let text = screen(&app, PLAIN, 120, 36);
    for part in ["x circuit_open", "5 failures in a row", "+ delivered", "acme", "3 were gone", "FOLLOW"] {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    press(&mut app, &["space"]);
    let cmds = {
        let now = after(app.now, 20_000);
        update(&mut app, Msg::Tick, now)
    };
    assert!(!crate::house::slots(&cmds).contains(&Slot::List), "a held tail asks for nothing");
    assert!(screen(&app, PLAIN, 120, 36).contains("HELD"));
}
