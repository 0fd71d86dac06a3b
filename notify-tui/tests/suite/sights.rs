//! What the views say of what is under the cursor, and what the help and the filter line say.

use crate::house::{after, answer, id, live, overview, page, press, screen, webhooks, write};
use crate::world::{World, reply};
use crossterm::event::KeyCode;
use notify_proto::overview::Alert;
use notify_tui::message::{Answer, Msg, Question, Slot};
use notify_tui::state::{App, Page};
use notify_tui::update;
use notify_tui::view::{Look, Theme};
use serde_json::{from_value, json};

const PLAIN: Look = Look { theme: Theme::Mono, ascii: true };

/// The overview, with a webhook of which too little is taken.
fn refusing() -> Answer {
    let Answer::Overview(mut reply) = overview() else { panic!("an overview") };
    let told = reply.overview.as_mut().unwrap();
    told.webhooks[0].state = "ok".into();
    let alert: Alert =
        from_value(json!({"severity": "warning", "kind": "ack_rate", "object": "webhook", "name": id(800),
        "fact": "of service acme: it took 61.8 %"}))
        .unwrap();
    told.attention.push(alert);
    Answer::Overview(reply)
}

#[test]
fn a_webhook_that_takes_too_little_is_not_well() {
    let (mut app, cmds, begin) = live(Page::Overview);
    answer(&mut app, &cmds, Slot::Overview, refusing(), begin);
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("! low ack") && !text.contains("+ ok"), "{text}");
    let (mut app, cmds, begin) = live(Page::Webhooks);
    answer(&mut app, &cmds, Slot::Overview, refusing(), begin);
    answer(&mut app, &cmds, Slot::List, webhooks(), begin);
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("! low ack"), "between two refusals and between two acks alike\n{text}");
}

#[test]
fn the_story_names_the_webhooks_and_how_long_each_step_took() {
    let (mut app, cmds, begin) = live(Page::Notifications);
    let Answer::Overview(reply) = overview() else { panic!("an overview") };
    app.overview = reply.overview.map(|it| (Some(reply.rev), it));
    answer(&mut app, &cmds, Slot::List, page(0..3, "retrying", None), begin);
    let now = after(begin, 200);
    let cmds = update(&mut app, Msg::Tick, now);
    let of = app.notes.list.current().unwrap().id;
    let Answer::Notification(mut story) = reply_to(of) else { panic!("a notification") };
    for hook in [800, 801] {
        story.told.push(
            from_value(json!({
                "id": id(hook), "webhook_id": id(hook), "notification_id": id(0), "event": "retry_scheduled",
                "status": "acknowledged", "attempt_count": 2, "last_attempt_at": null, "next_attempt_at": null,
                "acknowledged_at": null, "response_status_code": 200, "response_body": null, "error_message": null,
                "created_at": "2027-01-15T07:59:40Z"
            }))
            .unwrap(),
        );
    }
    let mut later = story.detail.events[0].clone();
    later.at += chrono::TimeDelta::milliseconds(483);
    story.detail.events.push(later);
    answer(&mut app, &cmds, Slot::Detail, Answer::Notification(story), now);
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("hooks.acme.test/n  retry_scheduled acknowledged 2 200"), "{text}");
    assert!(text.contains("000000000801       retry_scheduled acknowledged 2 200"), "{text}");
    assert!(text.contains("content    hidden; enter u shows it for 30 s, audited"), "{text}");
    assert!(text.contains("+0ms created") && text.contains("+483ms created"), "{text}");
}

fn reply_to(of: notify_proto::NotificationId) -> Answer {
    reply(World::Full, &Question::Notification(of, false))
}

#[test]
fn the_help_finds_which_statuses_are_derived() {
    let (mut app, ..) = live(Page::Notifications);
    press(&mut app, &["?"]);
    write(&mut app, "derived");
    let text = screen(&app, PLAIN, 80, 24);
    assert!(text.contains("scheduled (pending), held (queued, kept back), dead (failed)"), "{text}");
}

#[test]
fn a_filter_that_finds_no_event_can_be_cleared() {
    let (mut app, cmds, begin) = live(Page::Live);
    let none = json!({"events": [], "next_seq": 0, "dropped": 0, "head_seq": 0});
    let none = || Answer::Events(from_value(none.clone()).unwrap());
    answer(&mut app, &cmds, Slot::List, none(), begin);
    assert!(screen(&app, PLAIN, 120, 36).contains("Nothing has happened yet"));
    press(&mut app, &["/"]);
    write(&mut app, "event:failed");
    let cmds = press(&mut app, &["enter"]);
    answer(&mut app, &cmds, Slot::List, none(), begin);
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("Nothing matches the filter; Esc clears it."), "{text}");
}

#[test]
fn queues_are_suggested_and_events_have_their_own_fields() {
    let known = |page: Page, text: &str| {
        let (mut app, ..) = live(page);
        let Answer::Overview(reply) = overview() else { panic!("an overview") };
        app.overview = reply.overview.map(|it| (Some(reply.rev), it));
        press(&mut app, &["/"]);
        write(&mut app, text);
        let shown = screen(&app, PLAIN, 120, 36);
        let line = shown.lines().find(|line| line.contains(text)).unwrap_or_default();
        line.split_once("tab: ")
            .map_or(String::new(), |(_, words)| words.trim_end_matches(['"', ' ']).to_owned())
    };
    assert_eq!(known(Page::Notifications, "queue:ms"), "msg91");
    assert_eq!(known(Page::Retries, "-queue:ret"), "retries");
    assert!(known(Page::Notifications, "priority:").contains("high"));
    assert_eq!(known(Page::Live, "priority:"), "", "no event has one");
}

#[test]
fn a_list_that_was_not_counted_says_how_much_there_is_at_least() {
    for (next, title) in [(Some("next"), "of >=9  by due time"), (None, "of 9  by due time")] {
        let (mut app, ..) = live(Page::Retries);
        press(&mut app, &["/"]);
        write(&mut app, "service:acme");
        let cmds = press(&mut app, &["enter"]);
        let now = app.now;
        answer(&mut app, &cmds, Slot::List, page(0..9, "retrying", next), now);
        let text = screen(&app, PLAIN, 120, 36);
        assert!(text.contains(title), "{text}");
    }
}

#[test]
fn on_a_small_screen_webhooks_differ_and_titles_have_room() {
    let (mut app, cmds, begin) = live(Page::Webhooks);
    answer(&mut app, &cmds, Slot::List, webhooks(), begin);
    for (size, url) in [((120, 36), " https://hooks.acme.test/n "), ((80, 24), " hooks.acme.test/n ")] {
        app.size = size;
        let text = screen(&app, PLAIN, size.0, size.1);
        assert!(text.contains(url), "{text}");
    }
    let (mut app, cmds, begin) = live(Page::Retries);
    let Answer::Page(mut list) = page(0..20, "retrying", Some("next")) else { panic!("a page") };
    list.partial = true;
    answer(&mut app, &cmds, Slot::List, Answer::Page(list), begin);
    app.size = (80, 24);
    let text = screen(&app, PLAIN, 80, 24);
    assert!(text.contains(" Retries and scheduled ") && text.contains("by due time, partial "), "{text}");
}

#[test]
fn what_happened_to_a_webhook_is_read_before_an_id_is() {
    let (mut app, cmds, begin) = live(Page::Live);
    let Answer::Overview(reply) = overview() else { panic!("an overview") };
    app.overview = reply.overview.map(|it| (Some(reply.rev), it));
    let Answer::Events(mut view) = crate::house::events() else { panic!("events") };
    let event = &mut view.events[1];
    (event.event, event.id) = ("webhook_given_up".into(), id(800));
    (event.service, event.detail) = (None, Some(format!("{}: it answered 404", id(31))));
    answer(&mut app, &cmds, Slot::List, Answer::Events(view), begin);
    let text = screen(&app, PLAIN, 120, 36);
    let line = text.lines().find(|line| line.contains("webhook_given_up")).unwrap();
    assert!(line.contains(" acme ") && line.contains("it answered 404  000000000031"), "{line}");
}

#[test]
fn the_key_line_has_what_else_there_is_room_for() {
    let (mut app, cmds, begin) = live(Page::Services);
    answer(&mut app, &cmds, Slot::List, reply(World::Full, &Question::Services), begin);
    let wide = screen(&app, PLAIN, 120, 36);
    assert!(wide.contains(" s sort  F follow  e export  y copy id  ? help  q quit "), "{wide}");
    let (first, ..) = live(Page::Overview);
    let wide = screen(&first, PLAIN, 120, 36);
    assert!(wide.contains(" e export  y copy id  : command  ? help  q quit "), "{wide}");
    let small = screen(&app, PLAIN, 60, 15);
    assert!(small.contains("? help  q quit"), "what leads out is never dropped\n{small}");
}

#[test]
fn the_settings_of_a_webhook_say_whose_it_is_and_what_it_answered_last() {
    let (mut app, cmds, begin) = live(Page::Webhooks);
    answer(&mut app, &cmds, Slot::Overview, overview(), begin);
    let Answer::Webhooks(mut all) = webhooks() else { panic!("webhooks") };
    all[0].events = notify_proto::WebhookEvent::ALL.iter().map(|it| (*it).into()).collect();
    let cmds = answer(&mut app, &cmds, Slot::List, Answer::Webhooks(all), begin);
    let text = screen(&app, PLAIN, 120, 36);
    for part in ["events     all ", "last       503, 2s ago", "hmac-sha256, secret set 41d ago"] {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    for (slot, _, question) in crate::house::asked(&cmds) {
        answer(&mut app, &cmds, slot, reply(World::Full, &question), begin);
    }
    press(&mut app, &["enter"]);
    let text = screen(&app, PLAIN, 120, 36);
    for part in [
        "service    acme",
        "last       ack 3s ago, nack 503 2s ago",
        "in flight  8 of 8 (at limit)",
        "retry      standard 1m > 5m > 15m",
        "off after  5d without an ack",
        "timeout    10s",
    ] {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
}

#[test]
fn what_was_done_can_be_read_whole_and_scrolled_back_at_once() {
    let (mut app, ..) = live(Page::Overview);
    let filter = "status:scheduled service:acme channel:sms ".repeat(3);
    for n in 0..40 {
        app.note(format!(
            "notifyctl schedule run --filter '{filter}' --expect {n} --rate 10/s --no-wait --yes"
        ));
    }
    press(&mut app, &["L"]);
    let end = screen(&app, PLAIN, 120, 36);
    assert!(end.contains("--expect 39 --rate 10/s --no-wait --yes"), "{end}");
    press(&mut app, &["k"]);
    assert_ne!(screen(&app, PLAIN, 120, 36), end, "it begins at the end, and one key goes up");
    press(&mut app, &["esc", "?"]);
    let now = app.now;
    let shown = |app: &App| screen(app, PLAIN, 120, 36);
    for _ in 0..9 {
        update(&mut app, Msg::Key(KeyCode::PageDown.into()), now);
    }
    let last = shown(&app);
    update(&mut app, Msg::Key(KeyCode::Up.into()), now);
    assert_ne!(shown(&app), last, "{last}");
}

#[test]
fn a_time_of_day_is_no_age() {
    let view = |page: Page| {
        let (mut app, cmds, begin) = live(page);
        for (slot, _, question) in crate::house::asked(&cmds) {
            answer(&mut app, &cmds, slot, reply(World::Full, &question), begin);
        }
        let now = after(begin, 300);
        let cmds = update(&mut app, Msg::Tick, now);
        for (slot, _, question) in crate::house::asked(&cmds) {
            answer(&mut app, &cmds, slot, reply(World::Full, &question), now);
        }
        let ages = screen(&app, PLAIN, 120, 36);
        press(&mut app, &["t", "t"]);
        (ages, screen(&app, PLAIN, 120, 36))
    };
    let (ages, times) = view(Page::Overview);
    assert!(ages.contains(", for 41s"), "{ages}");
    assert!(times.contains(", since 07:59:19Z"), "{times}");
    let (ages, times) = view(Page::Webhooks);
    assert!(ages.contains("it took nothing for 1h00m") && ages.contains("503, 2s ago"), "{ages}");
    assert!(times.contains("it took nothing since 07:00:00Z") && !times.contains("Z ago"), "{times}");
    let (_, times) = view(Page::Notifications);
    assert!(times.contains("07:58:00.000Z  07:58:00Z ") && !times.contains("Z ago"), "{times}");
}

#[test]
fn a_small_detail_says_what_is_wrong() {
    let (mut app, cmds, begin) = live(Page::Dead);
    app.size = (100, 30);
    answer(&mut app, &cmds, Slot::List, page(0..9, "failed", None), begin);
    let now = after(begin, 200);
    let cmds = update(&mut app, Msg::Tick, now);
    let of = app.dead.list.current().unwrap().id;
    answer(&mut app, &cmds, Slot::Detail, reply_to(of), now);
    let text = screen(&app, PLAIN, 100, 30);
    assert!(text.contains("|error      503 upstream"), "{text}");
}
