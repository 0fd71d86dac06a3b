//! Rows to a file: what is asked of the background, how it goes on the screen, how it ends.

use crate::house::{after, answer, id, live, page, press, screen, slots, write};
use notify_tui::message::{Cmd, Msg, Slot, Told, Wanted};
use notify_tui::state::{App, Over, Page};
use notify_tui::update;
use notify_tui::view::{Look, Theme};

const PLAIN: Look = Look { theme: Theme::Mono, ascii: true };

fn listed(view: Page) -> App {
    let (mut app, cmds, begin) = live(view);
    answer(&mut app, &cmds, Slot::List, page(0..9, "retrying", Some("second")), begin);
    app
}

fn wanted(cmds: &[Cmd]) -> Wanted {
    let found = cmds.iter().find_map(|cmd| match cmd {
        Cmd::Export(wanted) => Some((**wanted).clone()),
        _ => None,
    });
    found.unwrap_or_else(|| panic!("{cmds:?}"))
}

fn tell(app: &mut App, told: Told) -> Vec<Cmd> {
    let now = app.now;
    update(app, Msg::Exported(told), now)
}

#[test]
fn all_that_match_are_written_in_the_background() {
    let mut app = listed(Page::Dead);
    app.say("something that happened before");
    press(&mut app, &["/"]);
    write(&mut app, "service:acme");
    press(&mut app, &["enter", "e"]);
    assert!(screen(&app, PLAIN, 120, 36).contains("c all rows that match, as CSV"));
    let begun = wanted(&press(&mut app, &["c"]));
    assert_eq!(begun.filter.to_string(), "service:acme status:dead");
    assert_eq!((begun.csv, begun.name.as_str()), (true, "notify-dead-20270115T080000Z.csv"));
    tell(&mut app, Told::Rows(400));
    let said = "export: 400 rows to notify-dead-20270115T080000Z.csv; e ends it";
    assert!(screen(&app, PLAIN, 120, 36).contains(said));
    press(&mut app, &["2"]);
    assert!(screen(&app, PLAIN, 80, 24).contains(said), "another view does not stop it");
    let now = after(app.now, 1_000);
    assert!(slots(&update(&mut app, Msg::Tick, now)).contains(&Slot::Status), "nor does it stop the view");
    tell(&mut app, Told::Done(412, "/home/ops/notify-dead-20270115T080000Z.csv".into()));
    let entry = app.log.last().unwrap();
    assert_eq!(
        entry.line,
        "notifyctl dead export --filter service:acme --format csv --out notify-dead-20270115T080000Z.csv"
    );
    let result = "412 rows are written to /home/ops/notify-dead-20270115T080000Z.csv";
    assert_eq!(entry.result.as_deref(), Some(result));
    assert_eq!(app.notice.as_ref().unwrap().text, format!("{result}; same as {}", entry.line));
    assert_eq!(app.export, None);
}

#[test]
fn how_far_it_is_says_of_how_many_where_that_is_known() {
    let mut app = listed(Page::Dead);
    assert_eq!(wanted(&press(&mut app, &["e", "j"])).filter.to_string(), "status:dead");
    tell(&mut app, Told::Rows(40));
    assert!(screen(&app, PLAIN, 120, 36).contains("export: 40 of 87 rows to"));
    tell(&mut app, Told::Rows(90));
    assert!(screen(&app, PLAIN, 120, 36).contains("export: 90 of 90 rows to"), "some died meanwhile");
    assert_eq!(
        app.export.as_ref().unwrap().line,
        "notifyctl dead export --out notify-dead-20270115T080000Z.jsonl"
    );
}

#[test]
fn what_waits_is_what_the_view_shows() {
    let mut app = listed(Page::Retries);
    let due = "due:<2027-01-15T08:05:00Z";
    press(&mut app, &["]"]);
    let cmds = press(&mut app, &["]"]);
    let now = app.now;
    answer(&mut app, &cmds, Slot::List, page(0..9, "retrying", None), now);
    let begun = wanted(&press(&mut app, &["e", "j"]));
    assert_eq!(begun.filter.to_string(), format!("{due} status:scheduled,retrying"));
}

#[test]
fn a_second_e_or_esc_ends_it_and_what_was_written_stays() {
    for key in ["e", "esc"] {
        let mut app = listed(Page::Notifications);
        press(&mut app, &["e", "j"]);
        tell(&mut app, Told::Rows(200));
        assert_eq!(press(&mut app, &[key]), [Cmd::EndExport]);
        assert_eq!(press(&mut app, &[key]), [], "once is enough");
        assert!(screen(&app, PLAIN, 120, 36).contains("rows, ending"));
        tell(&mut app, Told::Ended(200, Some("/home/ops/x.partial".into()), "given up".into()));
        let said = app.log.last().unwrap().result.clone().unwrap();
        assert_eq!(said, "the export ended early, 200 rows are written to /home/ops/x.partial: given up");
        assert!(!press(&mut app, &["e"]).contains(&Cmd::EndExport));
        assert!(matches!(app.over, Some(Over::Menu(_))), "the next one can begin");
    }
    let mut app = listed(Page::Notifications);
    press(&mut app, &["e", "j", "enter"]);
    assert_eq!(press(&mut app, &["esc"]), [], "what is open is closed first");
    tell(&mut app, Told::Ended(0, None, "there is no connection".into()));
    assert_eq!(
        app.log.last().unwrap().result.as_deref(),
        Some("nothing was written: there is no connection")
    );
}

#[test]
fn marked_rows_alone_are_written() {
    let mut app = listed(Page::Notifications);
    press(&mut app, &["space", "space", "e"]);
    assert!(screen(&app, PLAIN, 120, 36).contains("j the 2 marked rows, as JSON Lines"));
    let begun = wanted(&press(&mut app, &["j"]));
    assert_eq!(begun.filter.to_string(), format!("id:{},{}", id(0), id(1)));
    assert_eq!(app.export.as_ref().unwrap().total, Some(2));

    let (mut app, ..) = live(Page::Providers);
    let cmds = press(&mut app, &["j", "space", "e", "j"]);
    let text = cmds.iter().find_map(|cmd| if let Cmd::Save(_, text) = cmd { Some(text) } else { None });
    assert!(text.is_some_and(|text| text.lines().count() == 1 && text.contains("\"spare\"")), "{cmds:?}");

    let (mut app, cmds, begin) = live(Page::Notifications);
    answer(&mut app, &cmds, Slot::List, page(0..65, "queued", None), begin);
    press(&mut app, &["*"]);
    assert_eq!(app.rows().unwrap().marked().len(), 14, "those that are on the screen");
    app.size = (120, 150);
    press(&mut app, &["*", "e", "j"]);
    assert_eq!(app.export, None);
    assert!(app.notice.as_ref().unwrap().text.starts_with("at most 64 marked rows"));
}

#[test]
fn who_quits_while_something_is_under_way_is_asked_and_ctrl_c_asks_nothing() {
    let mut app = listed(Page::Notifications);
    press(&mut app, &["e", "c"]);
    tell(&mut app, Told::Rows(1_200));
    app.begun.push("op_7".into());
    assert_eq!(press(&mut app, &["q"]), []);
    let text = screen(&app, PLAIN, 120, 36);
    for part in [
        "y quit; op_7 goes on in the daemon without this program; the export ends, its 1,200 rows stay in",
        "notify-notifications-20270115T080000Z.csv.partial",
        "n stay",
    ] {
        assert!(text.contains(part), "`{part}` is not on\n{text}");
    }
    assert_eq!(press(&mut app, &["n"]), []);
    assert_eq!(app.over, None);
    assert_eq!(press(&mut app, &["q", "y"]), [Cmd::Quit]);
    assert_eq!(press(&mut app, &["ctrl-c"]), [Cmd::Quit]);
    app.begun.clear();
    tell(&mut app, Told::Done(1_200, "/home/ops/x".into()));
    assert_eq!(press(&mut app, &["q"]), [Cmd::Quit]);
}
