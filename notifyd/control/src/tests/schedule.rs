//! What waits for a time: listed, counted, steered.

use super::fakes::{Refused, StoppedClock, dry, furnished, plain, sent, soon, text};
use chrono::TimeDelta;
use notify_proto::ErrorCode::{Conflict, Invalid, NotFound};
use notify_proto::control::{Changed, ControlClient, ListRequest};
use notify_proto::filter::{Filter, Term};
use notify_proto::measured::Tries;
use notify_proto::schedule::GroupRequest;
use notify_proto::send::Recipient;
use notify_proto::{ApiError, Channel, ErrorCode, GroupBy, NotificationId, Timestamp};
use notifyd_engine::Common;
use notifyd_lifecycle::Clock as _;

fn at(minutes: i64) -> Timestamp {
    StoppedClock.now() + TimeDelta::minutes(minutes)
}

pub(super) async fn scheduled(admin: &ControlClient, minutes: i64) -> NotificationId {
    let mut body = text(&format!("in {minutes}"));
    (body.scheduled_at, body.deduplicate) = (Some(at(minutes)), Some(false));
    let sent = admin.notification_send(soon(), "acme".into(), body, plain()).await;
    sent.unwrap().unwrap().unwrap().id
}

/// The status or the refusal of each.
fn told(changed: &[Changed]) -> Vec<Result<String, ErrorCode>> {
    let one = |it: &Changed| match &it.result {
        Ok(status) => Ok(status.to_string()),
        Err(ApiError { code, .. }) => Err(*code),
    };
    changed.iter().map(one).collect()
}

#[tokio::test]
async fn what_waits_is_listed_soonest_first_page_by_page() {
    let (_house, admin) = furnished().await;
    sent(&admin, "due now").await;
    let (third, first, second) =
        (scheduled(&admin, 90).await, scheduled(&admin, 5).await, scheduled(&admin, 5).await);
    let mut request = ListRequest { limit: 2, ..ListRequest::default() };
    let page = admin.schedule_list(soon(), request.clone()).await.unwrap().unwrap();
    assert_eq!(page.items.iter().map(|it| it.id).collect::<Vec<_>>(), [first, second]);
    assert_eq!((page.total, page.partial), (Some(3), false));
    assert_eq!(page.items[0].recipient, Recipient::One("+1********06".into()), "hidden until revealed");
    request.cursor = page.next_cursor;
    let page = admin.schedule_list(soon(), request.clone()).await.unwrap().unwrap();
    assert_eq!(page.items.iter().map(|it| it.id).collect::<Vec<_>>(), [third]);
    assert_eq!((page.next_cursor, page.total), (None, None));
    request =
        ListRequest { filter: Filter { terms: vec![Term::DueBefore(at(60))] }, ..ListRequest::default() };
    let page = admin.schedule_list(soon(), request.clone()).await.unwrap().unwrap();
    assert_eq!((page.items.len(), page.total), (2, Some(2)));
    request.reveal = true;
    let page = admin.schedule_list(soon(), request.clone()).await.unwrap().unwrap();
    assert_eq!(page.items[0].recipient, Recipient::One("+15005550006".into()));
    request.filter = Filter { terms: vec![Term::AttemptsAtLeast(1); 33] };
    assert_eq!(admin.schedule_list(soon(), request).await.code(), Invalid);
    let made_up = ListRequest { cursor: Some("x".into()), ..ListRequest::default() };
    assert_eq!(admin.schedule_list(soon(), made_up).await.code(), NotFound);
}

#[tokio::test]
async fn the_histogram_has_a_bucket_for_every_time_ahead() {
    let (_house, admin) = furnished().await;
    for minutes in [1, 4, 30, 100, 60 * 12, 60 * 24 * 3, 60 * 24 * 20, 60 * 24 * 30] {
        scheduled(&admin, minutes).await;
    }
    let view = admin.schedule_histogram(soon()).await.unwrap().unwrap();
    let names: Vec<_> = view.buckets.iter().map(|it| it.due_in.as_str()).collect();
    let minutes = "now +1m +2m +3m +4m +5m +6m +8m +10m +12m +15m +20m +25m +30m +45m";
    assert_eq!(names.join(" "), format!("late {minutes} +1h +2h +3h +6h +12h +24h"));
    let filled = view.buckets.iter().filter(|it| it.total > 0);
    let counts: Vec<_> = filled.map(|it| (it.due_in.as_str(), it.total)).collect();
    // What is due where one begins is in it; nothing is too far ahead for the last.
    assert_eq!(counts, [("+1m", 1), ("+4m", 1), ("+30m", 1), ("+1h", 1), ("+12h", 1), ("+24h", 3)]);
    assert!(view.buckets.iter().all(|it| it.pending == it.total && it.retrying == 0));
    assert_eq!((view.as_of, view.held), (at(0), 0));
    assert_eq!((view.buckets[0].from, view.buckets[0].to), (None, Some(at(0))));
    assert_eq!((view.buckets[21].from, view.buckets[21].to), (Some(at(60 * 24)), None));
    for (bucket, next) in view.buckets.iter().zip(&view.buckets[1..]) {
        assert!(bucket.to.is_some() && bucket.to == next.from, "{bucket:?} {next:?}");
        // What a bucket is called is when it begins.
        let begins = (next.from.unwrap() - at(0)).num_minutes();
        let name = match begins {
            0 => "now".to_owned(),
            1..60 => format!("+{begins}m"),
            _ => format!("+{}h", begins / 60),
        };
        assert_eq!(next.due_in, name);
    }
}

#[tokio::test]
async fn each_id_has_its_own_answer_and_a_dry_run_says_the_same() {
    let (_house, admin) = furnished().await;
    let (waits, queued, nobody) =
        (scheduled(&admin, 10).await, sent(&admin, "now").await, NotificationId::from_bytes([9; 16]));
    let ids = vec![waits, queued, nobody];
    let ok = |word: &str| Ok(word.to_owned());

    let move_to = |minutes, change| admin.schedule_move(soon(), ids.clone(), at(minutes), change);
    let preview = move_to(5, dry()).await.unwrap().unwrap();
    let done = move_to(5, plain()).await.unwrap().unwrap();
    assert_eq!(told(&done), [ok("pending"), Err(Conflict), Err(NotFound)]);
    assert_eq!(preview, done);
    let hint = done[1].result.as_ref().unwrap_err().hint.as_deref().unwrap();
    assert!(hint.contains("notification postpone"), "{hint}");
    assert_eq!(told(&move_to(-5, plain()).await.unwrap().unwrap())[0], Err(Invalid), "that time has passed");

    let postpone = |minutes, change| admin.notification_postpone(soon(), ids.clone(), at(minutes), change);
    let preview = postpone(20, dry()).await.unwrap().unwrap();
    let done = postpone(20, plain()).await.unwrap().unwrap();
    assert_eq!(told(&done), [ok("pending"), ok("pending"), Err(NotFound)]);
    assert_eq!(preview, done);
    assert_eq!(postpone(20, plain()).await.unwrap().unwrap(), done, "it is so already");
    let sooner = postpone(15, plain()).await.unwrap().unwrap();
    let error = sooner[0].result.as_ref().unwrap_err();
    assert!(error.code == Conflict && error.hint.as_deref().unwrap().contains("schedule move"), "{error:?}");

    let run = |change| admin.schedule_run(soon(), ids.clone(), change);
    let preview = run(dry()).await.unwrap().unwrap();
    let done = run(plain()).await.unwrap().unwrap();
    assert_eq!(told(&done), [ok("queued"), ok("queued"), Err(NotFound)]);
    assert_eq!((&preview, &run(plain()).await.unwrap().unwrap()), (&done, &done));

    let bury = |change| admin.notification_bury(soon(), ids.clone(), false, change);
    let preview = bury(dry()).await.unwrap().unwrap();
    let done = bury(plain()).await.unwrap().unwrap();
    assert_eq!(told(&done), [ok("failed"), ok("failed"), Err(NotFound)]);
    assert_eq!((&preview, &bury(plain()).await.unwrap().unwrap()), (&done, &done));
    assert_eq!(told(&run(plain()).await.unwrap().unwrap())[..2], [Err(Conflict), Err(Conflict)]);
    // One event for each, however often it was asked for.
    let detail = admin.notification_show(soon(), waits, false).await.unwrap().unwrap();
    let story: Vec<_> = detail.events.iter().map(|it| it.event.as_str()).collect();
    assert_eq!(story, ["created", "moved", "postponed", "run_now", "buried"]);

    assert_eq!(admin.schedule_run(soon(), vec![waits; 1_001], plain()).await.code(), Invalid);
}

#[tokio::test]
async fn groups_are_told_with_how_their_tries_end() {
    let (house, admin) = furnished().await;
    scheduled(&admin, 5).await;
    let tries = |second, dead| Tries { second, dead, ..Tries::default() };
    let no = notifyd_store::Store::directory(&*house.store).find_service("acme").unwrap().no;
    *house.engine.tries.lock().unwrap() = [
        (Common::Channel(Channel::Sms), tries(4, 1)),
        (Common::Service(no), tries(5, 2)),
        (Common::error(""), tries(6, 3)),
    ]
    .into();
    for (by, expected) in [
        (GroupBy::Channel, Some(tries(4, 1))),
        (GroupBy::Service, Some(tries(5, 2))),
        (GroupBy::Error, Some(tries(6, 3))),
        (GroupBy::Provider, None),
    ] {
        let request = GroupRequest { filter: Filter::default(), by: by.into() };
        let found = admin.schedule_group(soon(), request).await.unwrap().unwrap();
        assert_eq!(found.groups[0].tries, expected, "{by}");
    }
    let webhooks = |filter: &str| {
        let filter = Filter::parse(filter, StoppedClock.now()).unwrap();
        admin.schedule_group(soon(), GroupRequest { filter, by: GroupBy::Webhook.into() })
    };
    assert_eq!(webhooks("service:acme").await.unwrap().unwrap().groups, []);
    assert_eq!(webhooks("service:acme status:retrying").await.code(), Invalid);
}
