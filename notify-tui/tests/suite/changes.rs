//! Changes: each after a question as grave as it is, each logged as the line that does the same.

use crate::house::{after, answer, asked, id, live, overview, page, press, screen, welcome, write};
use notify_proto::bulk::BulkView;
use notify_proto::control::Changed;
use notify_proto::{ApiError, BulkOp, ErrorCode, HoldKind, Status};
use notify_tui::deed::{Deed, Outcome};
use notify_tui::message::{Answer, Cmd, Failure, Msg, Question, Slot};
use notify_tui::state::{App, Confirm, Hidden, Over, Page};
use notify_tui::update;
use notify_tui::view::{Look, Theme};
use serde_json::json;
use std::time::Duration;

const PLAIN: Look = Look { theme: Theme::Mono, ascii: true };

/// The change that is asked for.
fn deed(cmds: &[Cmd]) -> Option<(Deed, Option<String>)> {
    asked(cmds).into_iter().find_map(|(.., question)| match question {
        Question::Deed(deed, reason) => Some((deed, reason)),
        _ => None,
    })
}

fn made(app: &mut App, cmds: &[Cmd], outcome: Outcome) {
    let (deed, reason) = deed(cmds).unwrap();
    let now = app.now;
    answer(app, cmds, Slot::Deed, Answer::Deed(Box::new(deed), reason, outcome), now);
}

fn listed(view: Page, status: &str) -> App {
    let (mut app, cmds, begin) = live(view);
    answer(&mut app, &cmds, Slot::List, page(0..9, status, None), begin);
    app
}

#[test]
fn one_retry_asks_nothing_and_is_logged_with_its_line() {
    let mut app = listed(Page::Dead, "failed");
    let cmds = press(&mut app, &["R"]);
    let first = id(0).parse().unwrap();
    assert_eq!(deed(&cmds), Some((Deed::Notifications(BulkOp::Retry, vec![first], None), None)));
    let refused = Changed { id: first, result: Err(ApiError::new(ErrorCode::Conflict, "it is delivered")) };
    made(&mut app, &cmds, Outcome::Each(vec![refused]));
    let entry = app.log.last().unwrap();
    assert_eq!(entry.line, format!("notifyctl notification retry {}", id(0)));
    assert_eq!(entry.result.as_deref(), Some("0 done, 1 refused: it is delivered"));
    press(&mut app, &["L"]);
    assert!(screen(&app, PLAIN, 120, 36).contains("notifyctl notification retry"));
}

#[test]
fn what_waits_for_a_time_is_run_and_not_retried() {
    let mut app = listed(Page::Retries, "retrying");
    let (deed, _) = deed(&press(&mut app, &["R"])).unwrap();
    assert_eq!(deed.line(None), format!("notifyctl schedule run {}", id(0)));
}

#[test]
fn another_provider_is_named_and_asked_for() {
    let (mut app, cmds, begin) = live(Page::Overview);
    answer(&mut app, &cmds, Slot::Overview, overview(), begin);
    let cmds = press(&mut app, &["4"]);
    answer(&mut app, &cmds, Slot::List, page(0..9, "retrying", None), begin);
    press(&mut app, &["t"]);
    let text = screen(&app, PLAIN, 120, 36);
    for part in
        ["other provider for 1 notification", "Switched on: relay", "by that one alone", "provider NAME"]
    {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    press(&mut app, &["tab", "tab"]);
    assert_eq!(deed(&press(&mut app, &["y"])), None);
    let Some(Over::Dialog(dialog)) = &app.over else { panic!("{:?}", app.over) };
    assert_eq!(dialog.error.as_deref(), Some("provider: a name is missing"));
    press(&mut app, &["tab"]);
    write(&mut app, "spare");
    let (deed, _) = deed(&press(&mut app, &["tab", "tab", "y"])).unwrap();
    assert_eq!(deed, Deed::Reroute(vec![id(0).parse().unwrap()], "spare".into()));
    assert_eq!(deed.line(None), format!("notifyctl notification retry {} --provider spare", id(0)));
}

#[test]
fn a_question_keeps_its_answer_on_the_screen_at_every_size() {
    for size in [(120, 36), (80, 24), (60, 15)] {
        let (mut app, cmds, begin) = live(Page::Dead);
        update(&mut app, Msg::Resized(size.0, size.1), begin);
        answer(&mut app, &cmds, Slot::List, page(0..50, "failed", None), begin);
        press(&mut app, &["*", "D"]);
        let text = screen(&app, PLAIN, size.0, size.1);
        for part in ["type discard", "to go on", "Esc leaves everything"] {
            assert!(text.contains(part), "`{part}` is not on\n{text}");
        }
    }
}

#[test]
fn what_was_begun_here_is_followed_to_its_end() {
    let (mut app, cmds, now) = live(Page::Dead);
    answer(&mut app, &cmds, Slot::List, page(0..9, "failed", None), now);
    answer(&mut app, &cmds, Slot::Work, Answer::Operations(vec![]), now);
    let cmds = press(&mut app, &["R"]);
    let (retried, reason) = deed(&cmds).unwrap();
    let begun = Answer::Deed(Box::new(retried), reason, Outcome::Started("op_7".into(), 3_012));
    let mut cmds = answer(&mut app, &cmds, Slot::Deed, begun, now);
    assert!(app.log.last().unwrap().result.as_ref().unwrap().starts_with("operation op_7 has begun, 3,012"));
    let work = |state: &str, result: Option<&str>| {
        let ended = result.map(|_| "2027-01-15T08:00:00Z");
        Answer::Operations(
            serde_json::from_value(json!([{
                "id": "op_7", "verb": "notification.retry", "target": "3,012 matching *", "unit": "notifications",
                "actor": "ada", "reason": null, "state": state, "done": 3_000, "total": 3_012, "refused": 12,
                "removed": null, "result": result, "error": null, "started_at": "2027-01-15T07:59:00Z",
                "finished_at": ended, "rate_per_second": 200.0, "refusals": []
            }]))
            .unwrap(),
        )
    };
    for (it, begun) in [(work("running", None), 1), (work("done", Some("3,000 notifications retried")), 0)] {
        answer(&mut app, &cmds, Slot::Work, it, now);
        assert_eq!(app.begun.len(), begun);
        cmds = press(&mut app, &["ctrl-r"]);
    }
    let entry = app.log.last().unwrap();
    assert_eq!(entry.result.as_deref(), Some("op_7: 3,000 notifications retried"));
    assert_eq!(app.notice.as_ref().unwrap().text, "op_7: 3,000 notifications retried");
}

#[test]
fn what_is_shown_once_is_not_closed_by_the_enter_that_ended_the_question() {
    let mut app = listed(Page::Dead, "failed");
    let cmds = press(&mut app, &["R"]);
    made(&mut app, &cmds, Outcome::Secret("API key of news".into(), Hidden("s3cret".into())));
    press(&mut app, &["enter"]);
    assert!(screen(&app, PLAIN, 120, 36).contains("s3cret"));
    press(&mut app, &["esc"]);
    assert_eq!(app.over, None);
}

#[test]
fn a_cancel_needs_a_y_and_names_what_it_would_cancel() {
    let mut app = listed(Page::Notifications, "queued");
    press(&mut app, &["*"]);
    assert_eq!(deed(&press(&mut app, &["C"])), None);
    let text = screen(&app, PLAIN, 120, 36);
    for part in ["cancel 9 notifications", &id(4), "and 4 more", "y to go on, N to leave it"] {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    assert_eq!(deed(&press(&mut app, &["enter"])), None, "the default is no");
    assert_eq!((&app.over, app.log.len()), (&None, 0));
    let cmds = press(&mut app, &["C", "y"]);
    let Some((Deed::Notifications(BulkOp::Cancel, ids, None), None)) = deed(&cmds) else {
        panic!("{cmds:?}")
    };
    assert_eq!(ids.len(), 9);
    let done = ids.iter().map(|id| Changed { id: *id, result: Ok(Status::Cancelled.into()) });
    made(&mut app, &cmds, Outcome::Each(done.collect()));
    assert_eq!(app.notice.as_ref().unwrap().text, "9 done");
}

#[test]
fn a_pause_has_a_time_and_a_reason() {
    let (mut app, _, _) = live(Page::Providers);
    press(&mut app, &["P", "ctrl-u"]);
    write(&mut app, "10");
    assert_eq!(deed(&press(&mut app, &["tab"])), None);
    write(&mut app, "carrier maintenance");
    press(&mut app, &["tab"]);
    assert_eq!(deed(&press(&mut app, &["y"])), None, "10 what?");
    let Some(Over::Dialog(dialog)) = &app.over else { panic!("{:?}", app.over) };
    assert!(dialog.error.as_ref().unwrap().contains("10s"), "{dialog:?}");
    press(&mut app, &["tab"]);
    write(&mut app, "m");
    let (deed, reason) = deed(&press(&mut app, &["tab", "tab", "y"])).unwrap();
    let Deed::Hold(hold) = &deed else { panic!("{deed:?}") };
    assert_eq!((hold.kind, hold.for_ms), (HoldKind::Pause, Some(600_000)));
    assert_eq!(
        deed.line(reason.as_deref()),
        "notifyctl queue pause relay --for 600s --yes --reason 'carrier maintenance'"
    );
}

/// What waits for a time has a queue without a provider: it can be paused, and goes on at once when it is.
#[test]
fn a_queue_without_a_provider_is_paused_and_no_more() {
    let queues = || {
        let (mut app, cmds, begin) = live(Page::Queues);
        answer(&mut app, &cmds, Slot::List, crate::house::queues(), begin);
        app
    };
    let mut app = queues();
    press(&mut app, &["j", "j", "j"]);
    assert_eq!(app.queues.list.current().map(|it| it.name.as_str()), Some("retries"));
    press(&mut app, &["P"]);
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("What waits there waits on when its time has come."), "{text}");
    let (pause, _) = deed(&press(&mut app, &["tab", "tab", "y"])).unwrap();
    assert_eq!(pause.line(None), "notifyctl queue pause retries --for 600s --yes");
    let mut app = queues();
    press(&mut app, &["j", "j", "j", "l"]);
    assert!(app.over.is_none() && screen(&app, PLAIN, 120, 36).contains("it can be paused and no more"));
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("- paused") && text.contains("20,511"), "{text}");
    let (resume, _) = deed(&press(&mut app, &["j", "P"])).unwrap();
    assert_eq!(resume.line(None), "notifyctl queue resume scheduled");
}

/// What a webhook did not take waits among the retries: it can be told now, and no more.
#[test]
fn what_a_webhook_did_not_take_is_told_now_and_leads_to_it() {
    let waiting = || {
        let (mut app, cmds, begin) = live(Page::Retries);
        answer(&mut app, &cmds, Slot::List, crate::house::waiting(), begin);
        app
    };
    let mut app = waiting();
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains(" hook ") && text.contains("hooks.acme"), "{text}");
    press(&mut app, &["j"]);
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("R run now") && !text.contains("t other provider"), "{text}");
    let (resend, _) = deed(&press(&mut app, &["R", "y"])).unwrap();
    assert_eq!(resend.line(None), format!("notifyctl webhook resend {} --yes", id(501)));
    for key in ["C", "z", "t", "D"] {
        let mut app = waiting();
        assert_eq!(deed(&press(&mut app, &["j", key])), None, "{key}");
        assert!(screen(&app, PLAIN, 120, 36).contains("a webhook is told that"), "{key}");
    }
    // What is marked is written as notifications, which it is not.
    let mut app = waiting();
    let cmds = press(&mut app, &["j", "space", "e", "j"]);
    assert!(!cmds.iter().any(|cmd| matches!(cmd, Cmd::Export(_))));
    assert!(screen(&app, PLAIN, 120, 36).contains("notifyctl webhook retries writes those"));
    // Of both kinds at once nothing is done.
    let mut app = waiting();
    assert_eq!(deed(&press(&mut app, &["space", "j", "space", "R"])), None);
    let mut app = waiting();
    let line = |app: &mut App| {
        press(app, &["Y"]).into_iter().find_map(|cmd| match cmd {
            Cmd::Copy(text) => Some(text),
            _ => None,
        })
    };
    press(&mut app, &["j"]);
    assert_eq!(line(&mut app), Some(format!("notifyctl webhook delivery show {}", id(501))));
    press(&mut app, &["enter"]);
    assert_eq!(app.page, Page::Webhooks);
}

/// A test event is of no notification, so none is asked for.
#[test]
fn a_test_that_a_webhook_did_not_take_has_no_story() {
    let (mut app, cmds, begin) = live(Page::Retries);
    answer(&mut app, &cmds, Slot::List, crate::house::waiting(), begin);
    app.size = (160, 45);
    let cmds = press(&mut app, &["j", "j", "j"]);
    let asked = |cmds: &[Cmd]| cmds.iter().any(|cmd| matches!(cmd, Cmd::Ask(Slot::Detail, ..)));
    assert!(!asked(&cmds) && screen(&app, PLAIN, 160, 45).contains("a test event is of no notification"));
}

fn counted(total: u64) -> Box<BulkView> {
    Box::new(
        serde_json::from_value(json!({
            "by_status": {"failed": total}, "by_service": {"acme": total}, "total": total, "refused": 37,
            "refused_by_status": {"sending": 30, "delivered": 7},
            "samples": [id(0)], "cutoff": "2027-01-15T08:00:00.000Z", "limit": null, "rate_per_second": 50.0,
            "operation": null
        }))
        .unwrap(),
    )
}

#[test]
fn a_change_of_all_that_match_is_counted_first_and_the_count_is_typed() {
    let mut app = listed(Page::Dead, "failed");
    let cmds = press(&mut app, &["b", "r"]);
    let Some((Deed::Count(request), None)) = deed(&cmds) else { panic!("{cmds:?}") };
    assert_eq!(request.filter.to_string(), "status:dead");
    made(&mut app, &cmds, Outcome::Counted(request, counted(4_218)));
    let text = screen(&app, PLAIN, 120, 36);
    for part in [
        "4,218",
        "37 in advance, as they stand (delivered 7, sending 30)",
        "50/s",
        "08:00:00Z",
        "type 4218 to go on",
        "notification retry --filter status:dead",
    ] {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    write(&mut app, "4217");
    assert_eq!(deed(&press(&mut app, &["enter"])), None);
    assert!(screen(&app, PLAIN, 120, 36).contains("type 4218 to go on, or Esc"));
    press(&mut app, &["backspace"]);
    write(&mut app, "8");
    let cmds = press(&mut app, &["enter"]);
    let Some((Deed::Bulk(request), None)) = deed(&cmds) else { panic!("{cmds:?}") };
    assert_eq!(request.expect.unwrap().count, 4_218, "no other number is changed");
    assert!(request.cutoff.is_some());
    made(&mut app, &cmds, Outcome::Started("op_71".into(), 4_218));
    assert!(app.log.last().unwrap().result.as_ref().unwrap().contains("op_71"));
}

#[test]
fn how_fast_it_goes_is_said_and_can_be_changed() {
    let mut app = listed(Page::Dead, "failed");
    let cmds = press(&mut app, &["b", "r"]);
    let Some((Deed::Count(request), None)) = deed(&cmds) else { panic!("{cmds:?}") };
    made(&mut app, &cmds, Outcome::Counted(request, counted(4_218)));
    let line = "notifyctl notification retry --filter status:dead --expect 4218";
    for (key, pace, rate) in [
        ("", "50/s, about 1m25s,", "50/s"),
        ("-", "20/s, about 3m31s,", "20/s"),
        ("+", "50/s, about 1m25s,", "50/s"),
        ("+", "100/s, about 43s,", "100/s"),
    ] {
        press(&mut app, if key.is_empty() { &[] } else { std::slice::from_ref(&key) });
        let text = screen(&app, PLAIN, 160, 45);
        for part in [format!("pace     {pace}"), format!("{line} --rate {rate} --no-wait --yes")] {
            assert!(text.contains(&part), "`{part}` is not on\n{text}");
        }
    }
    assert!(screen(&app, PLAIN, 120, 36).contains("+ - pace"), "the key line has them");
    press(&mut app, &["+", "+", "+", "+"]);
    assert!(screen(&app, PLAIN, 160, 45).contains("as fast as it goes, as an operation"));
    write(&mut app, "4218");
    let (change, _) = deed(&press(&mut app, &["enter"])).unwrap();
    assert!(change.line(None).contains(" --rate none "), "{}", change.line(None));

    // What is only written waits for nobody, and the configuration says how fast the rest goes.
    let mut app = listed(Page::Notifications, "queued");
    let (change, _) = deed(&press(&mut app, &["b", "c"])).unwrap();
    assert!(!change.line(None).contains("--rate"), "{}", change.line(None));
    let mut app = listed(Page::Retries, "retrying");
    app.settings.bulk_pace = "7/s".parse().unwrap();
    let (change, _) = deed(&press(&mut app, &["b", "n"])).unwrap();
    assert!(change.line(None).ends_with("--rate 7/s --dry-run"), "{}", change.line(None));
}

#[test]
fn a_discard_for_good_is_typed_in_words() {
    let mut app = listed(Page::Dead, "failed");
    assert_eq!(deed(&press(&mut app, &["space", "space", "D", "tab", "y", "enter"])), None);
    press(&mut app, &["backspace"]);
    write(&mut app, "discard 2");
    let (deed, _) = deed(&press(&mut app, &["enter"])).unwrap();
    assert_eq!(deed.line(None), format!("notifyctl dead discard {} {} --confirm 2", id(0), id(1)));
}

#[test]
fn a_new_key_needs_the_name_and_is_shown_this_once_and_nowhere_else() {
    let (mut app, cmds, begin) = live(Page::Services);
    let services = json!([{
        "id": id(900), "name": "acme", "description": null, "active": true, "created_at": "2027-01-15T08:00:00.000Z",
        "active_keys": 1, "auth_failures": 0, "locked_until": null
    }]);
    answer(&mut app, &cmds, Slot::List, Answer::Services(serde_json::from_value(services).unwrap()), begin);
    press(&mut app, &["K", "n"]);
    assert!(screen(&app, PLAIN, 120, 36).contains("same as notifyctl service key reset acme --grace 86400s"));
    press(&mut app, &["tab"]);
    write(&mut app, "acm");
    assert_eq!(deed(&press(&mut app, &["enter"])), None);
    write(&mut app, "e");
    let cmds = press(&mut app, &["enter"]);
    assert_eq!(deed(&cmds).unwrap().0, Deed::NewKey("acme".into(), 86_400));
    made(&mut app, &cmds, Outcome::Secret("API key of acme".into(), Hidden("nk_hunter2".into())));
    assert!(screen(&app, PLAIN, 120, 36).contains("nk_hunter2"));
    assert!(!format!("{app:?}").contains("hunter2"), "no debug output has it");
    assert!(press(&mut app, &["y"]).contains(&Cmd::Copy("nk_hunter2".into())));
    press(&mut app, &["esc", "L"]);
    assert!(!screen(&app, PLAIN, 120, 36).contains("nk_hunter2"));
}

#[test]
fn who_may_only_look_changes_nothing() {
    let keys = ["R", "C", "D", "z", "b", "P", "l", "E", "T", "A", "B", "K", "N", "U", "O", "H", "X"];
    for flag in [true, false] {
        for view in Page::ALL {
            let (mut app, _, now) = live(view);
            if flag {
                app.read_only = true;
            } else {
                update(&mut app, Msg::Greeted(welcome(1), "/s".into()), now);
            }
            for key in keys {
                assert_eq!(deed(&press(&mut app, &[key])), None, "{key} on {view:?}");
                assert!(!matches!(app.over, Some(Over::Dialog(_) | Over::Menu(_))), "{key} on {view:?}");
            }
        }
    }
}

#[test]
fn nothing_is_changed_on_data_that_may_be_out_of_date() {
    let mut app = listed(Page::Dead, "failed");
    let now = after(app.now, 1_000);
    update(&mut app, Msg::Broken, now);
    assert_eq!(deed(&press(&mut app, &["R"])), None);
    assert!(app.notice.as_ref().unwrap().text.contains("out of date"));
}

#[test]
fn a_change_without_an_answer_may_have_happened() {
    let mut app = listed(Page::Dead, "failed");
    let cmds = press(&mut app, &["R"]);
    assert_eq!(deed(&press(&mut app, &["j", "R"])), None, "one at a time");
    let number = crate::house::number(&cmds, Slot::Deed);
    let now = app.now;
    update(&mut app, Msg::Answered(Slot::Deed, number, Err(Failure::Late), Duration::from_secs(10)), now);
    assert!(app.log[0].result.as_ref().unwrap().contains("may have happened"));
}

#[test]
fn whoever_wants_it_is_asked_before_every_change() {
    let mut app = listed(Page::Dead, "failed");
    app.settings.confirm = Confirm::Yes;
    assert_eq!(deed(&press(&mut app, &["R"])), None);
    assert!(screen(&app, PLAIN, 120, 36).contains("notifyctl notification retry"));
    assert!(deed(&press(&mut app, &["y"])).is_some());

    let mut app = listed(Page::Notifications, "queued");
    app.settings.confirm = Confirm::Count;
    press(&mut app, &["space", "space", "C"]);
    assert_eq!(deed(&press(&mut app, &["y", "enter"])), None, "a y is not enough");
    press(&mut app, &["ctrl-u"]);
    assert!(deed(&press(&mut app, &["2", "enter"])).is_some());

    let (mut app, _, _) = live(Page::Providers);
    app.settings.confirm = Confirm::Name;
    press(&mut app, &["E", "tab"]);
    assert!(screen(&app, PLAIN, 120, 36).contains("type relay to go on"));
    write(&mut app, "relay");
    let cmds = press(&mut app, &["enter"]);
    assert_eq!(deed(&cmds), Some((Deed::Provider("relay".into(), false), None)));

    // What only counts is not asked for; what follows from it is.
    let mut app = listed(Page::Dead, "failed");
    app.settings.confirm = Confirm::Name;
    let Some((Deed::Count(_), None)) = deed(&press(&mut app, &["b", "r"])) else { panic!("it counts first") };
}

#[test]
fn a_provider_gets_another_place_among_those_that_are_tried() {
    let (mut app, _, _) = live(Page::Providers);
    press(&mut app, &["j", "o", "+"]);
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("try spare before mock") && text.contains("priority 10 becomes 9"), "{text}");
    let cmds = press(&mut app, &["tab", "y"]);
    let (change, _) = deed(&cmds).unwrap();
    assert_eq!(change.line(None), "notifyctl provider update spare --priority 9");
    made(&mut app, &cmds, Outcome::Done("provider spare has priority 9".into()));
    app.providers.list.fill(Vec::new());
    press(&mut app, &["o", "-"]);
    assert_eq!(app.over, None, "there is nobody to go behind");
}

#[test]
fn what_is_remembered_has_a_bound() {
    let mut app = listed(Page::Dead, "failed");
    for _ in 0..600 {
        let cmds = press(&mut app, &["R"]);
        made(&mut app, &cmds, Outcome::Each(Vec::new()));
        press(&mut app, &["3", "5"]);
        let cmds = press(&mut app, &["r"]);
        let numbers = asked(&cmds).into_iter().find(|(slot, ..)| *slot == Slot::List);
        if let Some((slot, number, _)) = numbers {
            let now = app.now;
            let msg = Msg::Answered(slot, number, Ok(page(0..9, "failed", None)), Duration::ZERO);
            update(&mut app, msg, now);
        }
    }
    assert_eq!((app.log.len(), app.earlier.len()), (500, 100));
    assert_eq!(app.earlier.last().unwrap().0, Page::Notifications, "the newest are kept");
}

#[test]
fn what_can_be_taken_back_says_how() {
    let (mut app, _, _) = live(Page::Providers);
    press(&mut app, &["E", "tab"]);
    let cmds = press(&mut app, &["y"]);
    made(&mut app, &cmds, Outcome::Done("provider relay is off".into()));
    let said = &app.notice.as_ref().unwrap().text;
    assert_eq!(said, "provider relay is off; back: notifyctl provider enable relay");
    assert_eq!(app.log.last().unwrap().result.as_deref(), Some("provider relay is off"));
    let mut app = listed(Page::Notifications, "queued");
    let cmds = press(&mut app, &["C", "y"]);
    let done = Changed { id: id(0).parse().unwrap(), result: Ok(Status::Cancelled.into()) };
    made(&mut app, &cmds, Outcome::Each(vec![done]));
    let said = &app.notice.as_ref().unwrap().text;
    assert_eq!(*said, format!("1 done; back: notifyctl notification retry {}", id(0)));
}

#[test]
fn a_service_is_deleted_by_its_name_after_what_goes_with_it_was_counted() {
    let (mut app, cmds, begin) = live(Page::Services);
    let services = asked(&cmds).into_iter().find(|(slot, ..)| *slot == Slot::List).unwrap().2;
    answer(&mut app, &cmds, Slot::List, crate::world::reply(crate::world::World::Full, &services), begin);
    let cmds = press(&mut app, &["D"]);
    let (count, _) = deed(&cmds).unwrap();
    assert_eq!(count.line(None), "notifyctl service delete acme --dry-run");
    let service = serde_json::to_value(app.services.list.current().unwrap()).unwrap();
    let goes =
        json!({"service": service, "notifications": 1_284, "history_kept": true, "webhooks": 1, "owed": 7});
    made(&mut app, &cmds, Outcome::Goes(Box::new(serde_json::from_value(goes).unwrap())));
    assert!(screen(&app, PLAIN, 120, 36).contains("sent     1,284 notifications"));
    press(&mut app, &["ctrl-u"]);
    write(&mut app, "yes");
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("same as  notifyctl service delete acme --keep-history"), "{text}");
    press(&mut app, &["tab", "tab"]);
    assert_eq!(deed(&press(&mut app, &["y", "enter"])), None, "its name is asked for");
    press(&mut app, &["ctrl-u"]);
    write(&mut app, "acme");
    let (delete, _) = deed(&press(&mut app, &["enter"])).unwrap();
    assert_eq!(delete.line(None), "notifyctl service delete acme --keep-history --confirm acme");
}

#[test]
fn what_is_typed_replaces_what_stood_there_and_the_line_follows() {
    let (mut app, cmds, begin) = live(Page::Queues);
    answer(&mut app, &cmds, Slot::List, crate::house::queues(), begin);
    press(&mut app, &["l"]);
    let text = screen(&app, PLAIN, 120, 36);
    for part in ["calls at once: 16_", "same as notifyctl queue limit relay 16", "tab next field"] {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    write(&mut app, "12");
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("calls at once: 12_") && text.contains("queue limit relay 12 "), "{text}");
    press(&mut app, &["tab"]);
    write(&mut app, "5m");
    press(&mut app, &["tab"]);
    let now = app.now;
    update(&mut app, Msg::Pasted("too slow".into()), now);
    assert!(screen(&app, PLAIN, 120, 36).contains("relay 12 --for 300s --reason 'too slow'"));
    let (limit, reason) = deed(&press(&mut app, &["tab", "y"])).unwrap();
    let line = limit.line(reason.as_deref());
    assert_eq!(line, "notifyctl queue limit relay 12 --for 300s --reason 'too slow'");

    let (mut app, ..) = live(Page::Providers);
    press(&mut app, &["P", "backspace"]);
    write(&mut app, "s");
    assert!(screen(&app, PLAIN, 120, 36).contains("for: 10s_"), "who takes something back has read it");
}

#[test]
fn every_question_tells_the_line_that_does_the_same() {
    let cases = [
        (Page::Providers, "P", "queue pause relay --for 600s --yes"),
        (Page::Providers, "O", "provider circuit open relay --for 600s --yes"),
        (Page::Providers, "H", "provider circuit half-open relay"),
        (Page::Providers, "X", "provider circuit close relay"),
        (Page::Providers, "T", "provider test relay --to RECIPIENT"),
        (Page::Queues, "l", "queue limit relay 16"),
        (Page::Webhooks, "K", "webhook secret rotate"),
        (Page::Webhooks, "B", "webhook recover"),
        (Page::Services, "N", "service create NAME"),
    ];
    for (page, key, line) in cases {
        let (mut app, cmds, begin) = live(page);
        match page {
            Page::Queues => drop(answer(&mut app, &cmds, Slot::List, crate::house::queues(), begin)),
            Page::Webhooks => drop(answer(&mut app, &cmds, Slot::List, crate::house::webhooks(), begin)),
            _ => {}
        }
        press(&mut app, &[key]);
        let text = screen(&app, PLAIN, 120, 36);
        assert!(text.contains(&format!("same as notifyctl {line}")), "{page:?} {key}\n{text}");
    }
    let (mut app, ..) = live(Page::Providers);
    press(&mut app, &["T"]);
    write(&mut app, "+15005550006");
    assert!(screen(&app, PLAIN, 120, 36).contains("provider test relay --to +15005550006"));
}

#[test]
fn what_was_done_says_who_did_it() {
    let mut app = listed(Page::Dead, "failed");
    app.user = Some("ops".into());
    press(&mut app, &["R", "L"]);
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains(&format!("08:00:00 ops: notifyctl notification retry {}", id(0))), "{text}");
}

#[test]
fn a_test_event_is_followed_until_it_was_told() {
    let (mut app, cmds, begin) = live(Page::Webhooks);
    let cmds = answer(&mut app, &cmds, Slot::List, crate::house::webhooks(), begin);
    let test = press(&mut app, &["T"]);
    let way = format!("test event {} is on its way", id(31));
    made(&mut app, &test, Outcome::Done(way.clone()));
    assert_eq!(app.log[0].result.as_ref(), Some(&way));
    let told = |code: Option<u16>, at: Option<&str>| {
        let page = json!({"total": 1, "items": [{
            "id": id(31), "webhook_id": id(800), "notification_id": null, "event": "delivered",
            "status": if code.is_some() { "acknowledged" } else { "pending" }, "attempt_count": 0,
            "last_attempt_at": at, "next_attempt_at": null, "acknowledged_at": at, "response_status_code": code,
            "response_body": null, "error_message": null, "created_at": "2027-01-15T08:00:00.000Z"
        }]});
        Answer::Deliveries(id(800).parse().unwrap(), serde_json::from_value(page).unwrap())
    };
    answer(&mut app, &cmds, Slot::Detail, told(None, None), begin);
    assert_eq!(app.log[0].result.as_ref(), Some(&way), "it was not told yet");
    let now = after(begin, 30_000);
    let cmds = update(&mut app, Msg::Tick, now);
    answer(&mut app, &cmds, Slot::Detail, told(Some(200), Some("2027-01-15T08:00:00.088Z")), now);
    let said = format!("test event {} is acknowledged: 200 after 88ms", id(31));
    assert_eq!(app.log[0].result.as_ref(), Some(&said));
    assert_eq!(app.notice.as_ref().unwrap().text, said);
}
