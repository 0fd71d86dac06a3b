//! What follows from what: the connection's states, the polls, the keys.

use crate::house::{after, answer, asked, begun, live, number, press, slots, start, status, welcome};
use notify_proto::overview::OverviewReply;
use notify_proto::socket::{NoDaemon, Trouble};
use notify_tui::message::{Action, Answer, Cmd, Failure, Moment, Msg, Question, Slot};
use notify_tui::state::{App, Badge, Link, Page};
use notify_tui::update;
use std::time::Duration;

const SECOND: Duration = Duration::from_secs(1);

fn gone() -> Msg {
    Msg::NoDaemon(NoDaemon { places: vec!["/s".into()], trouble: Trouble::Stale })
}

fn told(app: &mut App, cmds: &[Cmd], accepted: u64, took: Duration, now: Moment) {
    let answer = Ok(Answer::Status(status(1, accepted)));
    update(app, Msg::Answered(Slot::Status, number(cmds, Slot::Status), answer, took), now);
}

#[test]
fn one_question_of_a_kind_at_a_time_and_the_next_when_the_answer_is_in() {
    let (mut app, _, begin) = live(Page::Overview);
    assert_eq!(app.badge(), Badge::Live("1s".into()));
    assert!(!slots(&update(&mut app, Msg::Tick, after(begin, 500))).contains(&Slot::Status));
    let cmds = update(&mut app, Msg::Tick, after(begin, 1_000));
    assert!(slots(&cmds).contains(&Slot::Status));
    assert_eq!(slots(&update(&mut app, Msg::Tick, after(begin, 2_500))), [], "the answer is awaited");
    assert_eq!(slots(&press(&mut app, &["r"])), []);
    told(&mut app, &cmds, 200, Duration::from_millis(1), after(begin, 2_600));
    assert!(slots(&update(&mut app, Msg::Tick, after(begin, 3_600))).contains(&Slot::Status));
}

#[test]
fn an_answer_nobody_waits_for_any_more_is_dropped() {
    let (mut app, cmds, begin) = live(Page::Notifications);
    let list = number(&cmds, Slot::List);
    let left = press(&mut app, &["5"]);
    assert!(left.contains(&Cmd::Drop(Slot::List)), "{left:?}");
    let late = crate::house::page(0..3, "queued", None);
    update(&mut app, Msg::Answered(Slot::List, list, Ok(late), SECOND), begin);
    assert_eq!(app.dead.list.rows().len(), 0, "a page of another view");
    assert!(!app.dead.list.loaded);
    assert!(number(&left, Slot::List) > list);
}

#[test]
fn rates_come_from_two_answers_of_one_daemon() {
    let (mut app, _, begin) = live(Page::Overview);
    assert_eq!(app.data.as_ref().unwrap().rates, None, "one answer has no rate");
    let quick = Duration::from_millis(1);
    let cmds = update(&mut app, Msg::Tick, after(begin, 1_000));
    told(&mut app, &cmds, 300, quick, after(begin, 2_000));
    let rates = app.data.as_ref().unwrap().rates.unwrap();
    assert!((rates.accepted - 100.0).abs() < 0.01 && rates.failed.abs() < 0.01);
    let cmds = update(&mut app, Msg::Tick, after(begin, 3_000));
    answer(&mut app, &cmds, Slot::Status, Answer::Status(status(2, 5)), after(begin, 3_000));
    assert_eq!(app.data.as_ref().unwrap().rates, None, "another run counts from nothing");
}

#[test]
fn a_daemon_that_does_not_answer_is_stale_and_is_asked_again() {
    let (mut app, _, begin) = live(Page::Overview);
    let cmds = update(&mut app, Msg::Tick, after(begin, 1_000));
    let number = number(&cmds, Slot::Status);
    update(
        &mut app,
        Msg::Answered(Slot::Status, number, Err(Failure::Late), 2 * SECOND),
        after(begin, 3_000),
    );
    update(&mut app, Msg::Tick, after(begin, 3_100));
    assert_eq!(app.badge(), Badge::Stale("3s".into()));
    assert!(app.badge().doubtful() && app.locked().is_some(), "nothing may be changed meanwhile");
    let cmds = update(&mut app, Msg::Tick, after(begin, 4_000));
    told(&mut app, &cmds, 100, Duration::from_millis(1), after(begin, 4_001));
    assert_eq!(app.badge(), Badge::Live("1s".into()));
}

#[test]
fn slow_answers_are_told_and_asked_for_less_often() {
    let (mut app, _, begin) = live(Page::Overview);
    let cmds = update(&mut app, Msg::Tick, after(begin, 1_000));
    let asked = after(begin, 2_400);
    told(&mut app, &cmds, 100, Duration::from_millis(1_400), asked);
    assert_eq!(app.badge(), Badge::Slow("1.4s".into()));
    assert_eq!(app.pace(), SECOND * 2);
    assert!(!slots(&update(&mut app, Msg::Tick, after(begin, 3_500))).contains(&Slot::Status));
    assert!(slots(&update(&mut app, Msg::Tick, after(begin, 4_500))).contains(&Slot::Status));
}

#[test]
fn a_lost_connection_is_tried_again_less_and_less_often_and_keeps_its_data() {
    let (mut app, _, begin) = live(Page::Overview);
    let mut now = after(begin, 1_000);
    update(&mut app, Msg::Broken, now);
    assert!(matches!(app.badge(), Badge::Lost(_)) && app.data.is_some());
    let mut waits = Vec::new();
    for _ in 0..8 {
        let Link::Lost { retry_at, .. } = app.link else { panic!("{:?}", app.link) };
        let wait = retry_at - now.instant;
        now = after(now, u64::try_from(wait.as_millis()).unwrap() + 1);
        assert_eq!(update(&mut app, Msg::Tick, now), [Cmd::Connect]);
        assert_eq!(update(&mut app, Msg::Tick, after(now, 10)), [], "one try at a time");
        now = after(now, 10);
        update(&mut app, gone(), now);
        waits.push(wait);
    }
    assert!(waits[0] >= Duration::from_millis(250) && waits[0] < Duration::from_millis(320), "{waits:?}");
    assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(6_250)));
    assert!(waits[7] >= Duration::from_secs(5), "{waits:?}");

    assert_eq!(press(&mut app, &["r"]), [Cmd::Connect], "r does not wait");
    update(&mut app, gone(), now);
    let Link::Lost { retry_at, .. } = app.link else { panic!("{:?}", app.link) };
    assert!(retry_at - now.instant < Duration::from_millis(320), "and the waits begin again");
    let back = after(begin, 72_000);
    let cmds = update(&mut app, Msg::Greeted(welcome(2), "/s".into()), back);
    assert!(slots(&cmds).contains(&Slot::Status));
    assert_eq!(app.notice.as_ref().unwrap().text, "back after 71 s: the daemon restarted");
    update(&mut app, Msg::Tick, after(back, 15_000));
    assert_eq!(app.notice, None, "it is no news any more");
}

#[test]
fn many_questions_that_break_at_once_are_one_loss() {
    let (mut app, _, begin) = live(Page::Notifications);
    for _ in 0..4 {
        update(&mut app, Msg::Broken, after(begin, 100));
    }
    assert!(matches!(app.link, Link::Lost { tries: 0, .. }), "{:?}", app.link);
}

#[test]
fn the_loop_sleeps_until_something_is_due() {
    let (mut app, cmds, begin) = live(Page::Services);
    assert!(app.wake() <= begin.instant + SECOND);
    answer(&mut app, &cmds, Slot::List, Answer::Services(Vec::new()), begin);
    answer(&mut app, &cmds, Slot::Work, Answer::Operations(Vec::new()), begin);
    assert_eq!(app.wake(), begin.instant + SECOND);
    update(&mut app, Msg::Broken, begin);
    assert!(app.wake() < begin.instant + SECOND, "the next try");
    let due = after(begin, 400);
    assert_eq!(update(&mut app, Msg::Tick, due), [Cmd::Connect]);
    assert_eq!(app.wake(), due.instant + SECOND, "while a try is under way, only the ages are due");
    update(&mut app, gone(), due);
    update(&mut app, Msg::Did(Action::Pause), after(begin, 10_000));
    assert_eq!(app.wake(), after(begin, 11_000).instant);
}

#[test]
fn paused_means_no_request_at_all() {
    for page in Page::ALL {
        let (mut app, _, begin) = live(page);
        press(&mut app, &["p"]);
        for seconds in 1..100 {
            assert_eq!(update(&mut app, Msg::Tick, after(begin, seconds * 1_000)), [], "{page:?}");
        }
        assert!(matches!(app.badge(), Badge::Paused(_)));
        assert!(slots(&press(&mut app, &["r"])).contains(&Slot::Status), "one, by hand");
        assert_eq!(update(&mut app, Msg::Tick, after(begin, 100_001)), [], "and no more");
        press(&mut app, &["p"]);
        update(&mut app, Msg::Tick, after(begin, 102_000));
        assert!(!matches!(app.badge(), Badge::Paused(_)), "and on it goes");
    }
}

#[test]
fn only_what_is_seen_is_asked_for() {
    for page in Page::ALL {
        let mut app = begun(page);
        let cmds = update(&mut app, Msg::Greeted(welcome(1), "/s".into()), start());
        let slots = slots(&cmds);
        assert!(slots.len() <= 5, "{page:?}: {slots:?}");
        assert_eq!(asked(&cmds).iter().filter(|(slot, ..)| *slot == Slot::Deed).count(), 0);
    }
}

#[test]
fn the_interval_has_its_steps_and_ctrl_c_quits_at_any_time() {
    let (mut app, _, begin) = live(Page::Overview);
    for seconds in [2, 5, 15, 60, 60] {
        press(&mut app, &["-"]);
        assert_eq!(app.interval.as_secs(), seconds);
    }
    for milliseconds in [15_000, 5_000, 2_000, 1_000, 250, 250] {
        press(&mut app, &["+"]);
        assert_eq!(app.interval.as_millis(), milliseconds);
    }
    for msg in [Msg::Broken, gone(), Msg::Misfit(welcome(1))] {
        update(&mut app, msg, begin);
        for over in [&[][..], &["?"], &["/"], &["L"], &[":"]] {
            press(&mut app, over);
            assert!(press(&mut app, &["ctrl-c"]).contains(&Cmd::Quit));
        }
    }
}

#[test]
fn the_overview_tells_of_the_webhooks_that_it_shows_and_their_view_of_all() {
    let (mut app, cmds, begin) = live(Page::Overview);
    let of = |cmds: &[Cmd]| {
        asked(cmds).into_iter().find_map(|(.., question)| match question {
            Question::Overview { rev, webhooks } => Some((rev.is_some(), webhooks)),
            _ => None,
        })
    };
    assert_eq!(of(&cmds), Some((false, 9)));
    let Answer::Overview(mut reply) = crate::house::overview() else { panic!("an overview") };
    let told = reply.overview.as_mut().unwrap();
    told.webhooks = vec![told.webhooks[0].clone(); 9];
    told.webhooks_left_off = 51;
    let unchanged = OverviewReply { rev: reply.rev, overview: None };
    answer(&mut app, &cmds, Slot::Overview, Answer::Overview(reply), begin);
    let again = update(&mut app, Msg::Tick, after(begin, 1_000));
    assert_eq!(of(&again), Some((true, 9)), "it is there already");
    answer(&mut app, &again, Slot::Overview, Answer::Overview(unchanged), after(begin, 1_001));
    press(&mut app, &["7"]);
    let more = update(&mut app, Msg::Tick, after(begin, 2_001));
    assert_eq!(of(&more), Some((false, 60)), "it has not all of them");
}
