//! What hands do besides keys: the mouse, what is pasted, looking elsewhere; and what filters suggest.

use crate::house::{after, answer, asked, id, live, page, press, screen, slots, write};
use crossterm::event::{KeyModifiers, MouseButton, MouseEvent, MouseEventKind};
use notify_tui::message::{Answer, Cmd, Failure, Msg, Slot};
use notify_tui::state::{App, Over, Page};
use notify_tui::update;
use notify_tui::view::{Look, Theme};
use std::time::Duration;

const PLAIN: Look = Look { theme: Theme::Mono, ascii: true };

/// Does this with the mouse where these words stand.
fn point(app: &mut App, kind: MouseEventKind, words: &str) -> Vec<Cmd> {
    let shown = screen(app, PLAIN, app.size.0, app.size.1);
    let lines = shown.lines().map(|line| line.trim_matches('"'));
    let found = lines.enumerate().find_map(|(row, line)| Some((line.find(words)?, row)));
    let (column, row) = found.unwrap_or_else(|| panic!("`{words}` is not on\n{shown}"));
    let (column, row) = (u16::try_from(column).unwrap(), u16::try_from(row).unwrap());
    let now = app.now;
    update(app, Msg::Mouse(MouseEvent { kind, column, row, modifiers: KeyModifiers::NONE }), now)
}

fn click(app: &mut App, words: &str) -> Vec<Cmd> {
    point(app, MouseEventKind::Down(MouseButton::Left), words)
}

#[test]
fn a_click_shows_a_view_a_second_one_on_a_row_opens_it() {
    let (mut app, _, begin) = live(Page::Overview);
    let cmds = click(&mut app, "3 Notifs");
    assert_eq!(app.page, Page::Notifications);
    answer(&mut app, &cmds, Slot::List, page(0..20, "retrying", None), begin);
    let third = crate::house::id(3);
    click(&mut app, &third[third.len() - 12..]);
    assert_eq!(app.rows().unwrap().here(), Some(third.clone()));
    assert!(!app.open);
    click(&mut app, &format!(">  {}", &third[third.len() - 12..]));
    assert!(app.open, "a second click opens it");
    press(&mut app, &["q"]);
    point(&mut app, MouseEventKind::ScrollDown, "ID");
    assert_eq!(app.rows().unwrap().here(), Some(crate::house::id(6)), "the wheel goes three rows");
    press(&mut app, &["?"]);
    click(&mut app, "in lists");
    point(&mut app, MouseEventKind::ScrollDown, "help");
    assert_eq!(app.over, Some(Over::Help(String::new(), 3)), "what lies over the view scrolls");
}

#[test]
fn a_click_on_the_head_of_a_column_sorts_by_it_and_turns_it_round() {
    let (mut app, cmds, begin) = live(Page::Queues);
    answer(&mut app, &cmds, Slot::List, crate::house::queues(), begin);
    let first = |app: &App| app.queues.list.rows()[0].name.clone();
    click(&mut app, "QUEUE");
    assert_eq!((app.queues.list.order(), first(&app)), (("name", false), "relay".to_owned()));
    click(&mut app, "QUEUE");
    assert_eq!((app.queues.list.order(), first(&app)), (("name", true), "webhooks".to_owned()));
    click(&mut app, "EMPTY");
    assert_eq!(app.queues.list.order(), ("name", true), "it cannot be sorted by that");
    assert!(matches!(&app.over, Some(Over::Menu(menu)) if menu.title == "sort by"), "but by these");
}

#[test]
fn what_is_only_known_of_the_overview_is_sorted_by_as_well() {
    let (mut app, cmds, begin) = live(Page::Webhooks);
    let Answer::Webhooks(mut all) = crate::house::webhooks() else { panic!("webhooks") };
    let [good, bad, quiet] = [801, 802, 803]
        .map(|n| notify_proto::webhook::WebhookView { id: id(n).parse().unwrap(), ..all[0].clone() });
    all = vec![quiet.clone(), good.clone(), bad.clone()];
    answer(&mut app, &cmds, Slot::List, Answer::Webhooks(all), begin);
    let order = |app: &App| app.webhooks.list.rows().iter().map(|it| it.id).collect::<Vec<_>>();
    click(&mut app, "ACK%");
    assert_eq!(app.webhooks.list.order(), ("ack rate", false));
    assert_eq!(order(&app), [quiet.id, good.id, bad.id], "nothing is known of them yet");
    let overview = |shares: [(u32, Option<f64>); 3]| {
        let Answer::Overview(mut reply) = crate::house::overview() else { panic!("overview") };
        let view = reply.overview.as_mut().unwrap();
        let line = view.webhooks.remove(0);
        let lines = shares.map(|(n, ack_share)| notify_proto::overview::WebhookLine {
            id: id(n),
            ack_share,
            ..line.clone()
        });
        view.webhooks.extend(lines);
        Answer::Overview(reply)
    };
    answer(
        &mut app,
        &cmds,
        Slot::Overview,
        overview([(801, Some(0.99)), (802, Some(0.2)), (803, None)]),
        begin,
    );
    assert_eq!(order(&app), [bad.id, good.id, quiet.id], "the worst first");
    click(&mut app, "ACK%");
    assert_eq!(order(&app), [quiet.id, good.id, bad.id]);
    press(&mut app, &["S", "space"]);
    let now = after(begin, 2_000);
    let cmds = update(&mut app, Msg::Tick, now);
    answer(&mut app, &cmds, Slot::Overview, overview([(801, Some(0.1)), (802, Some(0.2)), (803, None)]), now);
    assert_eq!(order(&app), [bad.id, good.id, quiet.id], "nothing moves while something is marked");
    press(&mut app, &["u"]);
    assert_eq!(order(&app), [good.id, bad.id, quiet.id]);
}

#[test]
fn the_mouse_can_be_left_to_the_terminal() {
    let (mut app, ..) = live(Page::Queues);
    assert!(press(&mut app, &["m"]).contains(&Cmd::Mouse(false)));
    assert!(press(&mut app, &["m"]).contains(&Cmd::Mouse(true)));
}

#[test]
fn what_is_pasted_is_written_and_never_pressed() {
    let (mut app, ..) = live(Page::Notifications);
    let now = app.now;
    update(&mut app, Msg::Pasted("q\nC".into()), now);
    assert_eq!((app.page, app.over.clone()), (Page::Notifications, None), "nobody pressed these");
    press(&mut app, &["/"]);
    update(&mut app, Msg::Pasted("service:acme\n status:dead".into()), now);
    let Some(Over::Bar(bar)) = &app.over else { panic!("{:?}", app.over) };
    assert_eq!(bar.text, "service:acme status:dead");
}

#[test]
fn a_terminal_nobody_looks_at_asks_once_in_five_seconds_and_a_paused_one_nothing() {
    let (mut app, mut cmds, begin) = live(Page::Queues);
    update(&mut app, Msg::Focused(false), begin);
    let mut questions = 0;
    for half_seconds in 1..=240 {
        let now = after(begin, half_seconds * 500);
        for (slot, number, question) in asked(&std::mem::take(&mut cmds)) {
            questions += 1;
            let answer = Ok(crate::world::reply(crate::world::World::Full, &question));
            cmds.extend(update(
                &mut app,
                Msg::Answered(slot, number, answer, Duration::from_micros(400)),
                now,
            ));
        }
        cmds.extend(update(&mut app, Msg::Tick, now));
    }
    assert!((10..=30).contains(&questions), "{questions} questions in two minutes");
    assert!(app.badge().text().starts_with("LIVE"), "that is no reason to call it stale");
    let back = update(&mut app, Msg::Focused(true), after(begin, 121_000));
    assert_eq!(app.pace(), app.interval);
    assert!(slots(&back).contains(&Slot::List) || app.slots.pending(Slot::List), "at once: {back:?}");
    press(&mut app, &["p"]);
    for seconds in 122..240 {
        let cmds = update(&mut app, Msg::Tick, after(begin, seconds * 1_000));
        assert_eq!(cmds, [], "a paused program asks nothing");
    }
}

#[test]
fn a_filter_suggests_what_it_can_go_on_with() {
    let (mut app, cmds, begin) = live(Page::Notifications);
    answer(&mut app, &cmds, Slot::List, page(0..3, "retrying", None), begin);
    let cmds = press(&mut app, &["/"]);
    assert!(slots(&cmds).contains(&Slot::Names), "names are asked for: {:?}", asked(&cmds));
    answer(&mut app, &cmds, Slot::Names, Answer::Values(crate::world::values()), begin);
    write(&mut app, "service:");
    assert!(screen(&app, PLAIN, 120, 36).contains("tab: zebra  acme "), "the frequent ones go first");
    press(&mut app, &["ctrl-u"]);
    write(&mut app, "type:s");
    assert!(screen(&app, PLAIN, 120, 36).contains("tab: sign_in"));
    press(&mut app, &["ctrl-u"]);
    write(&mut app, "ser");
    press(&mut app, &["tab"]);
    write(&mut app, "a");
    assert!(screen(&app, PLAIN, 120, 36).contains("tab: acme"), "{}", screen(&app, PLAIN, 120, 36));
    press(&mut app, &["tab"]);
    write(&mut app, " -status:sch");
    press(&mut app, &["tab"]);
    let Some(Over::Bar(bar)) = &app.over else { panic!("{:?}", app.over) };
    assert_eq!(bar.text, "service:acme -status:scheduled");
    press(&mut app, &["enter", ":"]);
    write(&mut app, "save mine");
    let cmds = press(&mut app, &["enter"]);
    assert!(cmds.contains(&Cmd::Keep("mine".into(), "service:acme -status:scheduled".into())), "{cmds:?}");
    press(&mut app, &["n"]);
    assert!(screen(&app, PLAIN, 120, 36).contains(" a mine"), "{}", screen(&app, PLAIN, 120, 36));
}

#[test]
fn only_the_columns_that_somebody_wants() {
    let (mut app, cmds, begin) = live(Page::Queues);
    answer(&mut app, &cmds, Slot::List, crate::house::queues(), begin);
    app.settings.columns.insert(Page::Queues, vec!["QUEUE".into(), "OUT/S".into()]);
    let shown = screen(&app, PLAIN, 120, 36);
    let heads = shown.lines().find(|line| line.contains("QUEUE ")).unwrap();
    assert!(heads.contains("OUT/s") && !heads.contains("READY"), "{shown}");
}

#[test]
fn the_first_screen_is_walked_panel_by_panel() {
    let (mut app, cmds, begin) = live(Page::Overview);
    answer(&mut app, &cmds, Slot::Overview, crate::house::overview(), begin);
    press(&mut app, &["tab", "j"]);
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("|>  retries"), "{text}");
    press(&mut app, &["enter"]);
    assert_eq!(app.page, Page::Retries);
    press(&mut app, &["q", "tab", "enter"]);
    assert_eq!(app.page, Page::Queues, "a provider's line of work");
    press(&mut app, &["q", "tab", "tab", "j", "j", "j"]);
    assert_eq!((app.panel, app.side_at), (2, 1), "the last of them");
    press(&mut app, &["tab", "enter"]);
    assert_eq!(app.page, Page::Webhooks);
    press(&mut app, &["q", "tab", "esc"]);
    assert_eq!((app.page, app.panel), (Page::Overview, 0));
    press(&mut app, &["tab", "tab", "tab", "tab", "j"]);
    assert_eq!((app.panel, app.attention_at), (0, 1), "round, and what needs a look again");
}

#[test]
fn what_is_copied_on_the_first_screen_is_the_row_under_the_cursor() {
    let (mut app, cmds, begin) = live(Page::Live);
    answer(&mut app, &cmds, Slot::List, crate::house::events(), begin);
    let cmds = press(&mut app, &["1"]);
    assert!(!press(&mut app, &["y"]).iter().any(|cmd| matches!(cmd, Cmd::Copy(_))), "nothing is told yet");
    answer(&mut app, &cmds, Slot::Overview, crate::house::overview(), begin);
    let mut copied = |keys: &[&str], name: &str, line: &str| {
        press(&mut app, keys);
        assert!(press(&mut app, &["y"]).contains(&Cmd::Copy(name.into())), "{name}");
        assert!(press(&mut app, &["Y"]).contains(&Cmd::Copy(format!("notifyctl {line}"))), "{line}");
    };
    copied(&[], "relay", "provider show relay");
    copied(&["j"], "retries", "schedule list");
    copied(&["tab"], "msg91", "queue show msg91");
    copied(&["tab", "j"], "msg91", "provider show msg91");
    let hook = crate::house::id(800);
    copied(&["tab"], &hook, &format!("webhook show {hook}"));
    press(&mut app, &["s"]);
    assert!(app.notice.as_ref().unwrap().text.contains("its own order"));
}

#[test]
fn the_key_line_has_only_what_works_on_the_row() {
    let keys = |app: &App, width, height| {
        let shown = screen(app, PLAIN, width, height);
        shown.lines().find(|line| line.contains(" ? help ") && !line.contains('[')).unwrap().to_owned()
    };
    let cases = [
        ("queued", [false, true, true, true]),
        ("retrying", [true; 4]),
        ("sending", [false; 4]),
        ("delivered", [false; 4]),
        ("cancelled", [true, false, false, false]),
        ("failed", [true, false, false, false]),
    ];
    for (status, wanted) in cases {
        let (mut app, cmds, begin) = live(Page::Notifications);
        answer(&mut app, &cmds, Slot::List, page(0..3, status, None), begin);
        let line = keys(&app, 120, 36);
        let there = [" R retry ", " C cancel ", " D bury ", " z postpone "].map(|part| line.contains(part));
        assert_eq!(there, wanted, "{status}: {line}");
        // What is marked counts, and not what is under the cursor.
        press(&mut app, &["space"]);
        assert_eq!(keys(&app, 120, 36).contains(" z postpone "), wanted[3], "{status}");
    }
    let (mut app, cmds, begin) = live(Page::Notifications);
    answer(&mut app, &cmds, Slot::List, page(0..3, "retrying", None), begin);
    press(&mut app, &["enter"]);
    let line = keys(&app, 120, 36);
    for part in [" u reveal for 30 s ", " R retry ", " C cancel ", " z postpone "] {
        assert!(line.contains(part) && !line.contains(" open "), "{line}");
    }
    let (mut app, cmds, begin) = live(Page::Dead);
    answer(&mut app, &cmds, Slot::List, page(0..3, "failed", None), begin);
    app.size = (60, 15);
    let line = keys(&app, 60, 15);
    assert!(line.contains(" R retry ") && line.contains(" D discard "), "{line}");

    let (mut app, cmds, begin) = live(Page::Queues);
    answer(&mut app, &cmds, Slot::List, crate::house::queues(), begin);
    assert!(keys(&app, 120, 36).contains(" l limit "));
    press(&mut app, &["G"]);
    assert!(!keys(&app, 120, 36).contains(" l limit "), "no provider stands behind it");

    let (mut app, cmds, begin) = live(Page::Webhooks);
    answer(&mut app, &cmds, Slot::List, crate::house::webhooks(), begin);
    let line = keys(&app, 120, 36);
    assert!(line.contains(" T test ") && !line.contains(" A resend "), "no delivery is chosen: {line}");
    let Answer::Webhooks(mut off) = crate::house::webhooks() else { panic!("webhooks") };
    off[0].is_active = false;
    let now = after(begin, 2_000);
    let cmds = update(&mut app, Msg::Tick, now);
    answer(&mut app, &cmds, Slot::List, Answer::Webhooks(off), now);
    let line = keys(&app, 120, 36);
    assert!(!line.contains(" T test ") && line.contains(" E on/off "), "it is told nothing: {line}");

    let (mut app, cmds, begin) = live(Page::Services);
    let services = asked(&cmds).into_iter().find(|(slot, ..)| *slot == Slot::List).unwrap().2;
    answer(&mut app, &cmds, Slot::List, crate::world::reply(crate::world::World::Full, &services), begin);
    assert!(!keys(&app, 120, 36).contains(" U unlock "), "acme is not locked");
    press(&mut app, &["j"]);
    assert!(keys(&app, 120, 36).contains(" U unlock "), "news is");
}

#[test]
fn what_needs_a_look_at_a_webhook_has_its_service_and_host() {
    let (mut app, cmds, begin) = live(Page::Overview);
    let Answer::Overview(mut reply) = crate::house::overview() else { panic!("an overview") };
    let told = reply.overview.as_mut().unwrap();
    for n in [800, 801] {
        let mut alert = told.attention[1].clone();
        (alert.object, alert.name) = (notify_proto::ObjectKind::Webhook.into(), crate::house::id(n));
        told.attention.push(alert);
    }
    answer(&mut app, &cmds, Slot::Overview, Answer::Overview(reply), begin);
    let text = screen(&app, PLAIN, 120, 36);
    assert!(text.contains("webhook  acme/hooks.acme.test  oldest item"), "{text}");
    assert!(text.contains("webhook  000000000801          oldest item"), "{text}");
}

#[test]
fn an_event_has_the_mark_of_its_status_and_only_ids_are_cut() {
    let (mut app, cmds, begin) = live(Page::Live);
    let Answer::Events(mut view) = crate::house::events() else { panic!("events") };
    let one = view.events[0].clone();
    let words = ["created", "delivered", "failed", "retry_scheduled", "cancelled", "notification.retry"];
    view.events = words
        .iter()
        .map(|word| notify_proto::happening::Event { event: (*word).into(), ..one.clone() })
        .collect();
    view.events[5].id = "status:retrying".into();
    answer(&mut app, &cmds, Slot::List, Answer::Events(view), begin);
    let text = screen(&app, PLAIN, 120, 36);
    for part in
        ["o created", "+ delivered", "x failed", "~ retry_scheduled", "- cancelled", "  notification.retry"]
    {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    assert!(text.contains("status:retrying") && text.contains(" 000000000001 "), "{text}");
}

#[test]
fn a_small_first_screen_has_its_trends_and_how_long_things_take() {
    let (mut app, cmds, begin) = live(Page::Overview);
    let Answer::Overview(mut reply) = crate::house::overview() else { panic!("an overview") };
    let told = reply.overview.as_mut().unwrap();
    let kinds = [
        (notify_proto::LatencyKind::QueueWait, 12.0),
        (notify_proto::LatencyKind::ProviderCall, 84.0),
        (notify_proto::LatencyKind::WebhookAck, 61.0),
    ];
    for (kind, ms) in kinds {
        let mut line = told.latency[0].clone();
        line.kind = kind.into();
        (line.ms.p50, line.ms.p95, line.ms.p99) = (Some(ms), Some(ms * 2.0), Some(ms * 100.0));
        told.latency.push(line);
    }
    answer(&mut app, &cmds, Slot::Overview, Answer::Overview(reply), begin);
    for (width, height) in [(80, 24), (100, 30)] {
        app.size = (width, height);
        let text = screen(&app, PLAIN, width, height);
        let took = " wait p50 12ms p95 24ms p99 1.2s   provider p95 168ms   hook p95 122ms ";
        assert!(text.contains(took), "{text}");
        // The last quarter of the 15 minutes is known.
        let known = |line: &str| line.contains("deliv/s 812.4    ") && line.matches(":=+#  ").count() == 2;
        assert!(text.lines().any(known), "{text}");
        assert!(text.contains("ack 5m 94.2%"), "{text}");
    }
    let text = screen(&app, PLAIN, 60, 15);
    assert!(text.contains("ack 5m 94.2%") && !text.contains("wait p50"), "{text}");
}

#[test]
fn what_is_open_over_the_whole_screen_is_read_page_by_page() {
    let (mut app, cmds, begin) = live(Page::Notifications);
    answer(&mut app, &cmds, Slot::List, page(0..3, "retrying", None), begin);
    app.size = (80, 24);
    press(&mut app, &["enter"]);
    let here = app.rows().unwrap().here();
    press(&mut app, &["ctrl-d", "ctrl-d"]);
    assert!(app.side_at > 0 && app.rows().unwrap().here() == here, "it scrolls");
    press(&mut app, &["ctrl-u", "ctrl-u"]);
    assert_eq!(app.side_at, 0);
    press(&mut app, &["ctrl-d", "j"]);
    assert_eq!((app.side_at, app.rows().unwrap().here()), (0, Some(crate::house::id(1))), "the next one");
}

#[test]
fn what_lies_over_the_view_has_its_own_keys() {
    let cases = [
        ("?", "type to search"),
        ("L", "scroll  Esc close"),
        (":", "enter do it"),
        ("/", "tab complete"),
        ("s", "chooses it"),
        ("P", "tab next field"),
    ];
    for (key, words) in cases {
        let (mut app, ..) = live(Page::Providers);
        press(&mut app, &[key]);
        let text = screen(&app, PLAIN, 120, 36);
        let line = text.lines().rev().nth(2).unwrap();
        assert!(line.contains(words) && !line.contains("open circuit"), "{key}: {line}");
    }
}

#[test]
fn a_small_screen_says_what_has_just_happened_too() {
    let (mut app, cmds, begin) = live(Page::Notifications);
    answer(&mut app, &cmds, Slot::List, page(0..30, "queued", None), begin);
    app.size = (60, 15);
    let before = screen(&app, PLAIN, 60, 15);
    app.say("30 done; back: notifyctl notification retry");
    let text = screen(&app, PLAIN, 60, 15);
    assert!(text.contains(" 30 done; back: ") && text.contains("? help"), "{text}");
    app.notice = None;
    assert_eq!(screen(&app, PLAIN, 60, 15), before, "and then the rows have it again");
    press(&mut app, &["e", "j"]);
    assert!(screen(&app, PLAIN, 60, 15).contains("export: 0 of"), "{}", screen(&app, PLAIN, 60, 15));
}

#[test]
fn where_a_group_is_under_the_cursor_no_row_is_changed() {
    for (view, list) in [(Page::Dead, "failed"), (Page::Retries, "retrying")] {
        let (mut app, cmds, begin) = live(view);
        for (slot, _, question) in asked(&cmds) {
            let said = crate::world::reply(crate::world::World::Full, &question);
            answer(
                &mut app,
                &cmds,
                slot,
                if slot == Slot::List { page(0..3, list, None) } else { said },
                begin,
            );
        }
        press(&mut app, &["tab"]);
        let shown = screen(&app, PLAIN, 120, 36);
        assert!(shown.contains(" enter only these ") && !shown.contains(" R re"), "{shown}");
        for key in ["R", "C", "D", "z", "space", "*", "y"] {
            let cmds = press(&mut app, &[key]);
            assert!(!cmds.iter().any(|cmd| matches!(cmd, Cmd::Ask(Slot::Deed, ..) | Cmd::Copy(_))), "{key}");
            assert!(app.over.is_none() && app.rows().unwrap().marked().is_empty(), "{view:?} {key}");
        }
        assert!(app.notice.as_ref().unwrap().text.contains("tab leads to the list"));
        press(&mut app, &["tab", "space"]);
        assert_eq!(app.rows().unwrap().marked().len(), 1);
    }
}

#[test]
fn what_is_late_keeps_what_is_known() {
    let (mut app, cmds, begin) = live(Page::Notifications);
    answer(&mut app, &cmds, Slot::List, page(0..3, "queued", None), begin);
    let now = after(begin, 2_000);
    let cmds = update(&mut app, Msg::Tick, now);
    let late = Msg::Answered(
        Slot::List,
        crate::house::number(&cmds, Slot::List),
        Err(Failure::Late),
        Duration::ZERO,
    );
    update(&mut app, late, now);
    let shown = screen(&app, PLAIN, 120, 36);
    assert!(shown.contains("000000000001") && !shown.contains("no answer in time"), "{shown}");
    let (mut app, cmds, begin) = live(Page::Notifications);
    let late = Msg::Answered(
        Slot::List,
        crate::house::number(&cmds, Slot::List),
        Err(Failure::Late),
        Duration::ZERO,
    );
    update(&mut app, late, begin);
    assert!(screen(&app, PLAIN, 120, 36).contains("no answer in time; r tries again"), "nothing is known");
}

#[test]
fn what_is_due_later_is_postponed_beyond_its_time() {
    let (mut app, cmds, begin) = live(Page::Retries);
    let Answer::Page(mut page) = page(0..2, "pending", None) else { panic!("a page") };
    for row in &mut page.items {
        row.next_attempt_at = None;
        row.scheduled_at = Some(app.now.wall + chrono::TimeDelta::minutes(179));
    }
    answer(&mut app, &cmds, Slot::List, Answer::Page(page), begin);
    press(&mut app, &["z"]);
    let shown = screen(&app, PLAIN, 120, 36);
    assert!(shown.contains("3h9m"), "{shown}");
    press(&mut app, &["esc"]);
}
