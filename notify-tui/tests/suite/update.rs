//! What follows from what: the connection's states, the polls, the keys.

use crate::house::{after, start, status, welcome};
use notify_proto::socket::{NoDaemon, Trouble};
use notify_tui::message::{Action, Cmd, Moment, Msg};
use notify_tui::state::{App, Badge, Link};
use notify_tui::update;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

/// A program that is connected and has seen one answer.
fn live() -> (App, Moment) {
    let begin = start();
    let mut app = App::new(begin, SECOND, 7);
    assert_eq!(update(&mut app, Msg::Greeted(welcome(1), "/s".into()), begin), Some(Cmd::Look));
    assert_eq!(update(&mut app, Msg::Status(status(1, 100), Duration::from_millis(1)), begin), None);
    (app, begin)
}

fn gone() -> Msg {
    Msg::NoDaemon(NoDaemon { places: vec!["/s".into()], trouble: Trouble::Stale })
}

#[test]
fn one_look_at_a_time_and_the_next_when_the_answer_is_in() {
    let (mut app, begin) = live();
    assert_eq!(app.badge(), Badge::Live("1s".into()));
    assert_eq!(update(&mut app, Msg::Tick, after(begin, 500)), None);
    assert_eq!(update(&mut app, Msg::Tick, after(begin, 1_000)), Some(Cmd::Look));
    assert_eq!(update(&mut app, Msg::Tick, after(begin, 2_500)), None, "the answer is awaited");
    assert_eq!(update(&mut app, Msg::Did(Action::Refresh), after(begin, 2_500)), None);
    assert_eq!(
        update(&mut app, Msg::Status(status(1, 200), Duration::from_millis(1)), after(begin, 2_600)),
        None
    );
    assert_eq!(update(&mut app, Msg::Tick, after(begin, 3_600)), Some(Cmd::Look));
}

#[test]
fn rates_come_from_two_answers_of_one_daemon() {
    let (mut app, begin) = live();
    assert_eq!(app.data.as_ref().unwrap().rates, None, "one answer has no rate");
    let quick = Duration::from_millis(1);
    update(&mut app, Msg::Status(status(1, 300), quick), after(begin, 2_000));
    let rates = app.data.as_ref().unwrap().rates.unwrap();
    assert!((rates.accepted - 100.0).abs() < 0.01 && rates.failed.abs() < 0.01);
    update(&mut app, Msg::Status(status(2, 5), quick), after(begin, 3_000));
    assert_eq!(app.data.as_ref().unwrap().rates, None, "another run counts from nothing");
}

#[test]
fn a_daemon_that_does_not_answer_is_stale_and_is_asked_again() {
    let (mut app, begin) = live();
    assert_eq!(update(&mut app, Msg::Tick, after(begin, 1_000)), Some(Cmd::Look));
    update(&mut app, Msg::Late, after(begin, 3_000));
    update(&mut app, Msg::Tick, after(begin, 3_100));
    assert_eq!(app.badge(), Badge::Stale("3s".into()));
    assert!(app.badge().doubtful());
    assert_eq!(update(&mut app, Msg::Tick, after(begin, 4_000)), Some(Cmd::Look));
    update(&mut app, Msg::Status(status(1, 100), Duration::from_millis(1)), after(begin, 4_001));
    assert_eq!(app.badge(), Badge::Live("1s".into()));
}

#[test]
fn slow_answers_are_told_and_asked_for_less_often() {
    let (mut app, begin) = live();
    update(&mut app, Msg::Status(status(1, 100), Duration::from_millis(1_400)), begin);
    assert_eq!(app.badge(), Badge::Slow("1.4s".into()));
    assert_eq!(app.pace(), SECOND * 2);
    assert_eq!(update(&mut app, Msg::Tick, after(begin, 1_500)), None);
    assert_eq!(update(&mut app, Msg::Tick, after(begin, 2_000)), Some(Cmd::Look));
}

#[test]
fn a_lost_connection_is_tried_again_less_and_less_often_and_keeps_its_data() {
    let (mut app, begin) = live();
    let mut now = after(begin, 1_000);
    update(&mut app, Msg::Broken, now);
    assert!(matches!(app.badge(), Badge::Lost(_)) && app.data.is_some());
    let mut waits = Vec::new();
    for _ in 0..8 {
        let Link::Lost { retry_at, .. } = app.link else { panic!("{:?}", app.link) };
        let wait = retry_at - now.instant;
        now = after(now, u64::try_from(wait.as_millis()).unwrap() + 1);
        assert_eq!(update(&mut app, Msg::Tick, now), Some(Cmd::Connect));
        assert_eq!(update(&mut app, Msg::Tick, after(now, 10)), None, "one try at a time");
        now = after(now, 10);
        update(&mut app, gone(), now);
        waits.push(wait);
    }
    assert!(waits[0] >= Duration::from_millis(250) && waits[0] < Duration::from_millis(320), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(6_250)));
    assert!(waits[7] >= Duration::from_secs(5), "{waits:?}");

    assert_eq!(update(&mut app, Msg::Did(Action::Refresh), now), Some(Cmd::Connect), "r does not wait");
    let back = after(begin, 72_000);
    assert_eq!(update(&mut app, Msg::Greeted(welcome(2), "/s".into()), back), Some(Cmd::Look));
    assert_eq!(app.notice.as_ref().unwrap().text, "back after 71 s: the daemon restarted");
    update(&mut app, Msg::Tick, after(back, 15_000));
    assert_eq!(app.notice, None, "it is no news any more");
}

#[test]
fn the_loop_sleeps_until_something_is_due() {
    let (mut app, begin) = live();
    assert_eq!(app.wake(), begin.instant + SECOND);
    update(&mut app, Msg::Broken, begin);
    assert!(app.wake() < begin.instant + SECOND, "the next try");
    let due = after(begin, 400);
    assert_eq!(update(&mut app, Msg::Tick, due), Some(Cmd::Connect));
    assert_eq!(app.wake(), due.instant + SECOND, "while a try is under way, only the ages are due");
    update(&mut app, gone(), due);
    update(&mut app, Msg::Did(Action::Pause), after(begin, 10_000));
    assert_eq!(app.wake(), after(begin, 11_000).instant);
}

#[test]
fn paused_means_no_request_at_all() {
    let (mut app, begin) = live();
    assert_eq!(update(&mut app, Msg::Did(Action::Pause), begin), None);
    for seconds in 1..100 {
        assert_eq!(update(&mut app, Msg::Tick, after(begin, seconds * 1_000)), None);
    }
    assert!(matches!(app.badge(), Badge::Paused(_)));
    assert_eq!(
        update(&mut app, Msg::Did(Action::Refresh), after(begin, 100_000)),
        Some(Cmd::Look),
        "one, by hand"
    );
    update(&mut app, Msg::Status(status(1, 100), Duration::from_millis(1)), after(begin, 100_001));
    assert_eq!(
        update(&mut app, Msg::Did(Action::Pause), after(begin, 102_000)),
        Some(Cmd::Look),
        "and on it goes"
    );
}

#[test]
fn the_interval_has_its_steps_and_q_quits_at_any_time() {
    let (mut app, begin) = live();
    for seconds in [2, 5, 15, 60, 60] {
        update(&mut app, Msg::Did(Action::Slower), begin);
        assert_eq!(app.interval.as_secs(), seconds);
    }
    for seconds in [15, 5, 2, 1, 1] {
        update(&mut app, Msg::Did(Action::Faster), begin);
        assert_eq!(app.interval.as_secs(), seconds);
    }
    for msg in [Msg::Broken, gone(), Msg::Misfit(welcome(1))] {
        update(&mut app, msg, begin);
        assert_eq!(update(&mut app, Msg::Did(Action::Quit), begin), Some(Cmd::Quit));
    }
}
