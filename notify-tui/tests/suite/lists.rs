//! Lists: what cursor and marks follow, what holds still, how pages are turned, what filters and histories do.

use crate::house::{after, answer, asked, id, live, page, press, slots, start, write};
use notify_tui::message::{Answer, Cmd, Moment, Msg, Question, Slot};
use notify_tui::state::{App, Over, Page, Rows as _};
use notify_tui::update;

/// A list of notifications with these on its first page; there is a second.
fn listed(numbers: std::ops::Range<u32>) -> (App, Moment) {
    let (mut app, cmds, begin) = live(Page::Notifications);
    answer(&mut app, &cmds, Slot::List, page(numbers, "queued", Some("second")), begin);
    (app, begin)
}

/// Asks once more and answers with these.
fn refill(app: &mut App, numbers: impl IntoIterator<Item = u32>, now: Moment) {
    let cmds = update(app, Msg::Tick, now);
    answer(app, &cmds, Slot::List, page(numbers, "queued", Some("second")), now);
}

fn here(app: &App) -> String {
    app.rows().unwrap().here().unwrap()
}

#[test]
fn cursor_follows_its_id() {
    let (mut app, begin) = listed(0..9);
    press(&mut app, &["j", "j", "j"]);
    assert_eq!(here(&app), id(3));
    refill(&mut app, [20, 21].into_iter().chain(0..9), after(begin, 1_000));
    assert_eq!(here(&app), id(3), "two came before it");
    refill(&mut app, [20, 21, 0, 1, 2, 4, 5], after(begin, 2_000));
    assert_eq!(here(&app), id(4), "it is gone, and the next one stands in its place");
}

#[test]
fn a_marked_list_holds_still_until_g() {
    let (mut app, begin) = listed(0..9);
    press(&mut app, &["space", "space"]);
    assert_eq!(app.notes.list.marked(), [id(0), id(1)]);
    refill(&mut app, [20, 21].into_iter().chain(0..5), after(begin, 1_000));
    assert_eq!(app.notes.list.rows().len(), 9, "none comes and none goes");
    assert_eq!((app.notes.list.newer(), here(&app)), (2, id(2)));
    press(&mut app, &["g"]);
    assert_eq!((app.notes.list.newer(), here(&app)), (0, id(20)));
    assert!(app.notes.list.marked().is_empty());
}

#[test]
fn marks_can_be_a_range_all_and_none() {
    let (mut app, _) = listed(0..9);
    press(&mut app, &["j", "v", "j", "j", "v"]);
    assert_eq!(app.notes.list.marked(), [id(1), id(2), id(3)]);
    press(&mut app, &["*"]);
    assert_eq!(app.notes.list.marked().len(), 9);
    press(&mut app, &["esc"]);
    assert!(app.notes.list.marked().is_empty());
}

#[test]
fn past_the_end_of_a_page_comes_the_next() {
    let (mut app, begin) = listed(0..3);
    let cmds = press(&mut app, &["G", "j"]);
    let request = asked(&cmds).into_iter().find_map(|(.., question)| match question {
        Question::Notifications(request) => Some(request),
        _ => None,
    });
    assert_eq!(request.unwrap().cursor.as_deref(), Some("second"));
    answer(&mut app, &cmds, Slot::List, page(3..5, "queued", None), begin);
    assert_eq!((app.notes.skipped, here(&app)), (3, id(3)));
    press(&mut app, &["j", "j", "j"]);
    assert_eq!(here(&app), id(4), "this is the last page");
    let cmds = press(&mut app, &["k", "k"]);
    answer(&mut app, &cmds, Slot::List, page(0..3, "queued", Some("second")), begin);
    assert_eq!(app.notes.skipped, 0);
}

#[test]
fn the_detail_is_asked_for_once_the_cursor_stands_still() {
    let (mut app, begin) = listed(0..9);
    let cmds = press(&mut app, &["j", "j"]);
    assert!(!slots(&cmds).contains(&Slot::Detail), "{cmds:?}");
    let early = update(&mut app, Msg::Tick, after(begin, 100));
    assert!(!slots(&early).contains(&Slot::Detail));
    let cmds = update(&mut app, Msg::Tick, after(begin, 121));
    let detail = asked(&cmds).into_iter().find(|(slot, ..)| *slot == Slot::Detail).unwrap().2;
    assert_eq!(detail, Question::Notification(id(2).parse().unwrap(), false));
    assert!(press(&mut app, &["j"]).contains(&Cmd::Drop(Slot::Detail)), "nobody waits for that one any more");
}

#[test]
fn a_filter_is_read_before_it_is_asked_and_belongs_to_the_history() {
    let (mut app, _) = listed(0..9);
    press(&mut app, &["/"]);
    write(&mut app, "colour:red");
    press(&mut app, &["enter"]);
    let Some(Over::Bar(bar)) = &app.over else { panic!("{:?}", app.over) };
    assert!(bar.error.as_ref().unwrap().contains("colour"));
    press(&mut app, &["ctrl-u"]);
    write(&mut app, "status:failed service:acme");
    let cmds = press(&mut app, &["enter"]);
    assert_eq!((app.filter(), &app.over), ("status:failed service:acme", &None));
    // How many there are is asked when the first of them are there.
    assert!(slots(&cmds).contains(&Slot::List) && !slots(&cmds).contains(&Slot::Count));
    let cmds = answer(&mut app, &cmds, Slot::List, page(0..9, "failed", None), start());
    assert!(slots(&cmds).contains(&Slot::Count), "{cmds:?}");
    press(&mut app, &["5", "3"]);
    press(&mut app, &["esc"]);
    assert_eq!(app.filter(), "");
    press(&mut app, &["[", "["]);
    assert_eq!((app.page, app.filter()), (Page::Notifications, "status:failed service:acme"));
    press(&mut app, &["]"]);
    assert_eq!(app.page, Page::Dead);
}

#[test]
fn words_filter_the_lists_that_are_small() {
    let (mut app, _, _) = live(Page::Providers);
    assert_eq!(app.providers.list.rows().len(), 4);
    press(&mut app, &["/"]);
    write(&mut app, "-half smtp open");
    press(&mut app, &["enter"]);
    let names: Vec<_> = app.providers.list.rows().iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["relay"]);
    press(&mut app, &["esc", "s", "4"]);
    let names: Vec<_> = app.providers.list.rows().iter().map(|row| row.name.as_str()).collect();
    assert_eq!(names, ["mock", "old", "relay", "spare"]);
    press(&mut app, &["S"]);
    assert_eq!(app.providers.list.rows()[0].name, "spare");
}

#[test]
fn the_command_bar_takes_views_and_names() {
    let (mut app, _, begin) = live(Page::Overview);
    press(&mut app, &[":"]);
    write(&mut app, "provider old");
    press(&mut app, &["enter"]);
    assert_eq!((app.page, here(&app)), (Page::Providers, "old".to_owned()));
    press(&mut app, &[":"]);
    write(&mut app, "dance");
    press(&mut app, &["enter"]);
    let Some(Over::Bar(bar)) = &app.over else { panic!("{:?}", app.over) };
    assert!(bar.error.as_ref().unwrap().contains("`dance` is none of"));
    press(&mut app, &["esc", ":"]);
    write(&mut app, "we");
    let cmds = press(&mut app, &["enter"]);
    assert_eq!(app.page, Page::Webhooks);
    answer(&mut app, &cmds, Slot::List, Answer::Webhooks(Vec::new()), begin);
    press(&mut app, &["q"]);
    assert_eq!(app.page, Page::Providers, "q goes back");
}

#[test]
fn small_lists_are_exported_as_json_lines_or_csv_and_ids_are_copied() {
    let (mut app, ..) = live(Page::Providers);
    let saved = |cmds: Vec<Cmd>| match cmds.as_slice() {
        [Cmd::Save(name, text)] => (name.clone(), text.clone()),
        cmds => panic!("{cmds:?}"),
    };
    let (name, text) = saved(press(&mut app, &["e", "c"]));
    assert_eq!((name.as_str(), text.lines().count()), ("notify-providers-20270115T080000Z.csv", 5));
    assert!(text.lines().next().unwrap().split(',').any(|head| head == "circuit_reason"), "{text}");
    let (name, text) = saved(press(&mut app, &["e", "j"]));
    assert_eq!((name.as_str(), text.lines().count()), ("notify-providers-20270115T080000Z.jsonl", 4));
    assert!(text.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
    let (mut app, _) = listed(0..3);
    assert!(press(&mut app, &["y"]).contains(&Cmd::Copy(id(0))));
    assert!(press(&mut app, &["Y"]).contains(&Cmd::Copy(format!("notifyctl notification show {}", id(0)))));
}

#[test]
fn what_is_nested_is_json_in_a_csv_and_quoted() {
    let (mut app, cmds, begin) = crate::house::live(Page::Webhooks);
    crate::house::answer(&mut app, &cmds, Slot::List, crate::house::webhooks(), begin);
    let cmds = press(&mut app, &["e", "c"]);
    let Some(Cmd::Save(_, text)) = cmds.iter().find(|cmd| matches!(cmd, Cmd::Save(..))) else {
        panic!("{cmds:?}")
    };
    assert!(text.contains(r#""[""#), "{text}");
}

#[test]
fn what_is_revealed_is_asked_for_once_and_hidden_again() {
    let (mut app, begin) = listed(0..3);
    press(&mut app, &["j", "enter"]);
    let cmds = press(&mut app, &["u"]);
    let first = id(1).parse().unwrap();
    let detail = asked(&cmds).into_iter().find(|(slot, ..)| *slot == Slot::Detail).unwrap().2;
    assert_eq!(detail, Question::Notification(first, true));
    let notification = serde_json::from_value(crate::house::note(1, "queued")).unwrap();
    let detail = notify_proto::view::NotificationDetail {
        notification,
        attempts: Vec::new(),
        events: Vec::new(),
        retry_delays: Vec::new(),
    };
    let story = notify_tui::state::Story { detail, told: Vec::new(), revealed: true };
    answer(&mut app, &cmds, Slot::Detail, Answer::Notification(Box::new(story)), begin);
    let cmds = update(&mut app, Msg::Tick, after(begin, 20_000));
    assert!(!slots(&cmds).contains(&Slot::Detail), "every look is written down in the audit log");
    let cmds = update(&mut app, Msg::Tick, after(begin, 30_001));
    assert_eq!(app.notes.story, None);
    let detail = asked(&cmds).into_iter().find(|(slot, ..)| *slot == Slot::Detail).unwrap().2;
    assert_eq!(detail, Question::Notification(first, false));
}

#[test]
fn the_line_that_exports_the_same_is_copied() {
    let (mut app, _) = listed(0..3);
    press(&mut app, &["/"]);
    write(&mut app, "error:\"no route\"");
    press(&mut app, &["enter"]);
    let line = "notifyctl notification export --filter '\"error:no route\"' --out notify-notifications.jsonl";
    assert!(press(&mut app, &["e", "a"]).contains(&Cmd::Copy(line.into())));
    let (mut app, ..) = live(Page::Retries);
    let line = "notifyctl notification export --filter status:scheduled,retrying --out notify-retries.jsonl";
    assert!(press(&mut app, &["e", "a"]).contains(&Cmd::Copy(line.into())));
}

#[test]
fn who_leaves_the_first_row_follows_it_no_more() {
    for keys in [&["G"][..], &["j"], &["space"]] {
        let (mut app, begin) = listed(0..9);
        press(&mut app, &["F", "k"]);
        assert!(app.notes.list.follow, "it is the first row still");
        press(&mut app, keys);
        assert!(!app.notes.list.follow, "{keys:?}");
        press(&mut app, &["u"]);
        let there = here(&app);
        refill(&mut app, [20, 21].into_iter().chain(0..9), after(begin, 1_000));
        assert_eq!(here(&app), there, "the cursor stays where it was put");
    }
}

#[test]
fn the_title_counts_by_status_with_and_without_a_filter() {
    let (mut app, _) = listed(0..9);
    let look = notify_tui::view::Look { theme: notify_tui::view::Theme::Mono, ascii: true };
    let text = crate::house::screen(&app, look, 120, 36);
    assert!(
        text.contains("failed 87  retrying 3,977  queued 1,284  delivered 4,218,113  newest first"),
        "{text}"
    );
    let text = crate::house::screen(&app, look, 80, 24);
    assert!(text.contains("failed 87  newest first") || text.contains("failed 87  retrying 3,977"), "{text}");
    press(&mut app, &["/"]);
    write(&mut app, "status:failed");
    press(&mut app, &["enter"]);
    assert!(!crate::house::screen(&app, look, 120, 36).contains("retrying 3,977"), "these are others");
}

#[test]
fn what_is_open_stays_although_newer_ones_push_it_off_the_page() {
    let (mut app, begin) = listed(0..9);
    press(&mut app, &["j", "j", "enter"]);
    refill(&mut app, 20..29, after(begin, 1_000));
    assert_eq!(here(&app), id(2), "somebody reads it");
    refill(&mut app, 30..39, after(begin, 2_000));
    assert_eq!((here(&app), app.notes.list.rows().len()), (id(2), 10));
    press(&mut app, &["j"]);
    assert_ne!(here(&app), id(2), "the next one is another");
    press(&mut app, &["k", "q"]);
    refill(&mut app, 40..49, after(begin, 3_000));
    assert_eq!((here(&app), app.notes.list.rows().len()), (id(42), 9), "and in the list it is gone");
}

/// A page of notifications with these numbers, each accepted so many seconds after the first.
fn aged(numbers: impl IntoIterator<Item = u32>) -> Answer {
    let Answer::Page(mut page) = page(numbers, "queued", Some("second")) else { panic!("a page") };
    for row in &mut page.items {
        let n: i64 = row.id.to_string()[24..].parse().unwrap();
        row.created_at += chrono::TimeDelta::seconds(n);
    }
    Answer::Page(page)
}

/// The filter that the list is asked for with.
fn wanted(cmds: &[Cmd]) -> String {
    let found = crate::house::asked(cmds).into_iter().find_map(|(_, _, question)| match question {
        Question::Notifications(request) | Question::Schedule(request) => Some(request.filter.to_string()),
        _ => None,
    });
    found.unwrap()
}

#[test]
fn the_list_is_held_where_newer_ones_would_push_the_cursor_off_the_page() {
    let look = notify_tui::view::Look { theme: notify_tui::view::Theme::Mono, ascii: true };
    let (mut app, cmds, begin) = live(Page::Notifications);
    answer(&mut app, &cmds, Slot::List, aged((0..9).rev()), begin);
    press(&mut app, &["j"]);
    let rows = |app: &App| app.notes.list.rows().iter().map(|row| row.id.to_string()).collect::<Vec<_>>();
    let before = rows(&app);
    let now = after(begin, 1_000);
    let cmds = update(&mut app, Msg::Tick, now);
    assert_eq!(wanted(&cmds), "");
    answer(&mut app, &cmds, Slot::List, aged((11..20).rev()), now);
    assert_eq!((here(&app), rows(&app)), (id(7), before.clone()), "no row is missing in between");
    let shown = crate::house::screen(&app, look, 120, 36);
    assert!(shown.contains(">=1-9") && shown.contains("newer ones came, and g shows them"), "{shown}");
    let now = after(begin, 2_000);
    let cmds = update(&mut app, Msg::Tick, now);
    assert!(wanted(&cmds).starts_with("until:"), "from then on these alone are asked for");
    answer(&mut app, &cmds, Slot::List, aged((0..9).rev()), now);
    assert_eq!((here(&app), rows(&app)), (id(7), before));
    let cmds = press(&mut app, &["g"]);
    assert_eq!(wanted(&cmds), "");
    let now = app.now;
    answer(&mut app, &cmds, Slot::List, aged((11..20).rev()), now);
    assert_eq!((here(&app), app.notes.list.rows().len()), (id(19), 9));
    assert!(!crate::house::screen(&app, look, 120, 36).contains(">=1-9"));
}

#[test]
fn what_left_the_list_is_not_held_and_its_place_is_taken() {
    let (mut app, cmds, begin) = live(Page::Notifications);
    answer(&mut app, &cmds, Slot::List, aged((0..9).rev()), begin);
    press(&mut app, &["j"]);
    let now = after(begin, 9_000);
    let cmds = update(&mut app, Msg::Tick, now);
    answer(&mut app, &cmds, Slot::List, aged((3..7).rev()), now);
    assert_eq!(here(&app), id(5), "this one is gone: it would be before the others");
    let cmds = update(&mut app, Msg::Tick, after(now, 121));
    assert!(slots(&cmds).contains(&Slot::Detail), "what stands there now is asked for at once");
}

#[test]
fn no_line_stays_empty_while_there_is_a_row_for_it() {
    let (mut app, _) = listed(0..40);
    app.size = (60, 15);
    press(&mut app, &["G"]);
    let now = app.now;
    update(&mut app, Msg::Resized(120, 60), now);
    let look = notify_tui::view::Look { theme: notify_tui::view::Theme::Mono, ascii: true };
    let text = crate::house::screen(&app, look, 120, 60);
    assert!((0..40).rev().take(20).all(|n| text.contains(&id(n)[24..])), "{text}");
}

#[test]
fn keys_that_need_a_row_are_not_offered_where_there_is_none() {
    let look = notify_tui::view::Look { theme: notify_tui::view::Theme::Mono, ascii: true };
    let (mut app, cmds, begin) = live(Page::Dead);
    assert!(crate::house::screen(&app, look, 120, 36).contains("R retry"), "nothing is known yet");
    answer(&mut app, &cmds, Slot::List, page([], "failed", None), begin);
    let text = crate::house::screen(&app, look, 120, 36);
    assert!(!text.contains("R retry") && !text.contains("b bulk") && text.contains("/ filter"), "{text}");
    let (mut app, cmds, begin) = live(Page::Services);
    answer(&mut app, &cmds, Slot::List, Answer::Services(Vec::new()), begin);
    let text = crate::house::screen(&app, look, 120, 36);
    assert!(text.contains("N new") && !text.contains("K keys"), "{text}");
}

#[test]
fn deliveries_that_nobody_stands_in_begin_with_the_newest() {
    let (mut app, cmds, begin) = live(Page::Webhooks);
    let hook = id(800).parse().unwrap();
    let told = |numbers: std::ops::Range<u32>| {
        let one = |n: u32| {
            serde_json::json!({"id": id(n), "webhook_id": hook, "notification_id": id(n), "event": "delivered",
                "status": "acknowledged", "attempt_count": 1, "created_at": "2027-01-15T07:59:40Z"})
        };
        let page = serde_json::json!({"items": numbers.rev().map(one).collect::<Vec<_>>(), "total": 1_860});
        Answer::Deliveries(hook, serde_json::from_value(page).unwrap())
    };
    let cmds = answer(&mut app, &cmds, Slot::List, crate::house::webhooks(), begin);
    answer(&mut app, &cmds, Slot::Detail, told(0..9), begin);
    let second = |app: &mut App, numbers, n: u64| {
        let now = after(begin, n * 3_000);
        let cmds = update(app, Msg::Tick, now);
        answer(app, &cmds, Slot::Detail, told(numbers), now);
        app.webhooks.told.here().unwrap()
    };
    assert_eq!(second(&mut app, 3..12, 1), id(11));
    press(&mut app, &["tab"]);
    assert_eq!(second(&mut app, 5..14, 2), id(11), "who stands there stays on the row");
}

#[test]
fn tries_are_counted_with_the_one_before_all_retries() {
    let look = notify_tui::view::Look { theme: notify_tui::view::Theme::Mono, ascii: true };
    for (status, retries, reason, told) in [
        ("queued", 0, None, " 0/4 "),
        ("sending", 0, None, " 1/4 "),
        ("delivered", 0, None, " 1/4 "),
        ("retrying", 1, None, " 1/4 "),
        ("delivered", 3, None, " 4/4 "),
        ("failed", 3, Some("exhausted"), " 4/4 "),
        ("failed", 0, Some("permanent"), " 1/4 "),
        ("failed", 0, Some("expired"), " 0/4 "),
    ] {
        let (mut app, cmds, begin) = live(Page::Notifications);
        let Answer::Page(mut rows) = page(0..1, status, None) else { panic!("a page") };
        let row = &mut rows.items[0];
        (row.retry_count, row.max_retries) = (retries, 3);
        row.failure_reason =
            reason.map(|word: &str| serde_json::from_value(serde_json::json!(word)).unwrap());
        answer(&mut app, &cmds, Slot::List, Answer::Page(rows), begin);
        let shown = crate::house::screen(&app, look, 120, 36);
        assert!(shown.contains(told), "{status} {retries}: `{told}` is not on\n{shown}");
    }
}
