//! What needs a look on the first screen, and what it leaves to the rest.

use crate::house::{answer, live, screen};
use notify_tui::message::{Answer, Slot};
use notify_tui::state::Page;
use notify_tui::view::{Look, Theme};

const PLAIN: Look = Look { theme: Theme::Mono, ascii: true };

#[test]
fn webhooks_of_one_host_are_told_apart_and_what_is_wrong_has_room() {
    let (mut app, cmds, begin) = live(Page::Overview);
    let Answer::Overview(mut reply) = crate::house::overview() else { panic!("an overview") };
    let told = reply.overview.as_mut().unwrap();
    let mut twin = told.webhooks[0].clone();
    (twin.id, twin.url) =
        (crate::house::id(801), "https://ops:secret@hooks.acme.test/audit?key=secret".into());
    told.webhooks.push(twin);
    for n in [800, 801] {
        let mut alert = told.attention[0].clone();
        (alert.object, alert.name) = (notify_proto::ObjectKind::Webhook.into(), crate::house::id(n));
        alert.fact =
            "of service acme: it took 61.8 % of 1234 tries in 5 min (limit 90 %), 1004 waiting".into();
        told.attention.push(alert);
    }
    answer(&mut app, &cmds, Slot::Overview, Answer::Overview(reply), begin);
    let text = screen(&app, PLAIN, 120, 36);
    let line =
        "webhook  acme/n      it took 61.8 % of 1234 tries in 5 min (limit 90 %), 1004 waiting, for 41s";
    assert!(text.contains(line), "{text}");
    assert!(text.contains("webhook  acme/audit  it took"), "{text}");
    let attention = text.split("DELIV/s").next().unwrap();
    assert!(!attention.contains("secret"), "{text}");
    app.size = (80, 24);
    let text = screen(&app, PLAIN, 80, 24);
    assert!(text.contains("circuit open, 5/5 failed, for 41s"), "{text}");
}

#[test]
fn five_queues_have_room_however_much_needs_a_look() {
    let (mut app, cmds, begin) = live(Page::Overview);
    let Answer::Overview(mut reply) = crate::house::overview() else { panic!("an overview") };
    let told = reply.overview.as_mut().unwrap();
    for n in 0..8 {
        told.attention.push(told.attention[0].clone());
        told.providers.push(told.providers[0].clone());
        let mut queue = told.queues[0].clone();
        queue.name = format!("line{n}");
        told.queues.push(queue);
    }
    told.webhooks_left_off = 4_000;
    answer(&mut app, &cmds, Slot::Overview, Answer::Overview(reply), begin);
    let text = screen(&app, PLAIN, 120, 36);
    let seen = text.lines().filter(|line| line.contains("702ms") && line.contains("running")).count();
    assert!(seen >= 3 && text.contains("Needs attention: 10"), "{text}");
    assert_eq!(text.matches("[enter]").count(), 4, "{text}");
    assert!(
        text.contains("Webhooks: 4,001, 4,000 more")
            && text.contains("Queues: 10, 6 more")
            && text.contains(" P99 "),
        "{text}"
    );
}
