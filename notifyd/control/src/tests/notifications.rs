//! Notifications: in, shown, changed, waited for.

use super::fakes::{Refused, dry, furnished, plain, sent, soon, text};
use crate::mask;
use futures::StreamExt as _;
use notify_proto::ErrorCode::{Conflict, Forbidden, Invalid, NotFound};
use notify_proto::bulk::Again;
use notify_proto::control::{ListRequest, NewProvider, Role};
use notify_proto::filter::{Filter, Term};
use notify_proto::line::NotificationLine;
use notify_proto::send::{OneOrMany, Recipient, SendRequest};
use notify_proto::{NotificationId, Status, Timestamp};
use serde_json::json;
use std::collections::HashSet;

#[tokio::test]
async fn sending_takes_the_intakes_way() {
    let (_house, admin) = furnished().await;
    let send = |service: &str, body| admin.notification_send(soon(), service.into(), body, plain());
    let first = send("acme", text("hello")).await.unwrap().unwrap().unwrap();
    assert!(!first.duplicate && first.status.known() == Some(Status::Queued));
    let again = send("acme", text("hello")).await.unwrap().unwrap().unwrap();
    assert!(again.duplicate && again.id == first.id);
    let wrong = Box::new(serde_json::from_value(json!({"channel": "sms", "to": "12"})).unwrap());
    let error = send("acme", wrong).await.unwrap().unwrap_err();
    assert_eq!(error.code, Invalid);
    assert!(error.message.contains("recipient:") && error.message.contains("content:"), "{}", error.message);
    assert_eq!(send("nobody", text("x")).await.code(), NotFound);
    admin.service_set_active(soon(), "acme".into(), false, plain()).await.unwrap().unwrap();
    assert_eq!(send("acme", text("y")).await.code(), Conflict);
}

#[tokio::test]
async fn a_key_makes_a_repeated_send_answer_what_came_of_the_first() {
    let (_house, admin) = furnished().await;
    let send = |key: &str, request: Box<SendRequest>| {
        admin.notification_send_once(soon(), "acme".into(), request, key.into(), plain())
    };
    // Deduplication is not what answers.
    let alone = || Box::new(SendRequest { deduplicate: Some(false), ..*text("hello") });
    let first = send("order-1001", alone()).await.unwrap().unwrap().unwrap();
    let again = send("order-1001", alone()).await.unwrap().unwrap().unwrap();
    assert_eq!(again, first);
    let other = send("order-1002", alone()).await.unwrap().unwrap().unwrap();
    assert_ne!(other.id, first.id);
    assert_eq!(send("order-1001", text("else")).await.code(), Conflict);
    for wrong in ["", "two words", &"x".repeat(256)] {
        assert_eq!(send(wrong, alone()).await.code(), Invalid, "{wrong}");
    }
    let page = admin.notification_list(soon(), ListRequest::default()).await.unwrap().unwrap();
    assert_eq!(page.items.len(), 2);
}

#[tokio::test]
async fn recipients_and_bodies_are_hidden_until_revealed() {
    let (house, admin) = furnished().await;
    let id = sent(&admin, "the body").await;
    let hidden = admin.notification_show(soon(), id, false).await.unwrap().unwrap().notification;
    assert_eq!(hidden.recipient, Recipient::One("+1********06".into()));
    assert_eq!(hidden.content, None);
    let shown = admin.notification_show(soon(), id, true).await.unwrap().unwrap().notification;
    assert_eq!(shown.recipient, Recipient::One("+15005550006".into()));
    assert_eq!(shown.content.as_deref(), Some("the body"));
    let page = admin.notification_list(soon(), ListRequest::default()).await.unwrap().unwrap();
    assert_eq!(page.items[0].content, None);
    assert_eq!(page.total, Some(1));
    let waited = house.enter(Role::Viewer).await.notification_wait(soon(), id, 0).await.unwrap().unwrap();
    assert_eq!(waited.notification.content, None);
}

#[tokio::test]
async fn lines_tell_of_the_same_notifications_in_fewer_bytes() {
    let (_house, admin) = furnished().await;
    for n in 0..3 {
        sent(&admin, &format!("number {n}")).await;
    }
    let request = ListRequest { limit: 2, ..ListRequest::default() };
    let whole = admin.notification_list(soon(), request.clone()).await.unwrap().unwrap();
    let lines = admin.notification_lines(soon(), request.clone(), false).await.unwrap().unwrap();
    assert_eq!(lines.items, whole.items.into_iter().map(Into::into).collect::<Vec<NotificationLine>>());
    assert_eq!((lines.total, lines.partial), (Some(3), false));
    assert_eq!(lines.items[0].recipient, "+1********06", "hidden until revealed");
    let rest = ListRequest { cursor: lines.next_cursor, ..request.clone() };
    assert_eq!(admin.notification_lines(soon(), rest, false).await.unwrap().unwrap().items.len(), 1);
    assert_eq!(admin.notification_lines(soon(), request, true).await.unwrap().unwrap().items, []);
}

#[tokio::test]
async fn what_was_sent_is_looked_for_by_those_who_may_read_it() {
    let (house, admin) = furnished().await;
    for text in ["Your code is 4711", "your parcel is on its way"] {
        sent(&admin, text).await;
    }
    let request = |text: &str| ListRequest {
        filter: Filter::parse(text, Timestamp::UNIX_EPOCH).unwrap(),
        ..ListRequest::default()
    };
    for (text, count) in
        [("content:4711", 1), ("content:YOUR", 2), ("-content:parcel", 1), ("content:nothing", 0)]
    {
        let page = admin.notification_list(soon(), request(text)).await.unwrap().unwrap();
        assert_eq!(page.items.len(), count, "{text}");
        assert!(page.items.iter().all(|it| it.content.is_none()), "found is not shown");
    }
    let viewer = house.enter(Role::Viewer).await;
    let asked = request("service:acme content:4711");
    assert_eq!(viewer.notification_list(soon(), asked.clone()).await.code(), Forbidden);
    assert_eq!(viewer.notification_lines(soon(), asked.clone(), false).await.code(), Forbidden);
    assert_eq!(viewer.notification_count(soon(), asked.filter.clone()).await.code(), Forbidden);
    assert_eq!(viewer.dead_group(soon(), asked.filter).await.code(), Forbidden);
}

#[tokio::test]
async fn masks_reach_into_a_providers_words() {
    let (_house, admin) = furnished().await;
    let id = sent(&admin, "x").await;
    let mut detail = admin.notification_show(soon(), id, true).await.unwrap().unwrap();
    let map = [("email".to_owned(), OneOrMany::One("Ada <ada@example.org>".into()))];
    detail.notification.recipient = Recipient::PerChannel(map.into());
    detail.notification.error_message = Some("550 <ada@example.org> unknown".into());
    detail.events[0].detail = Some("sent to Ada <ada@example.org>".into());
    mask::detail(&mut detail);
    let json = serde_json::to_string(&detail).unwrap();
    assert!(!json.contains("ada@example.org"), "{json}");
    assert_eq!(detail.notification.error_message.as_deref(), Some("550 <a***@e***.org> unknown"));
}

#[tokio::test]
async fn long_bodies_are_cut_at_a_characters_border() {
    let (_house, admin) = furnished().await;
    let id = sent(&admin, &"é".repeat(3_000)).await;
    let shown = admin.notification_show(soon(), id, true).await.unwrap().unwrap();
    let content = shown.notification.content.unwrap();
    assert!(content.len() <= mask::MAX_BODY + 4 && content.ends_with("é…"));
}

#[tokio::test]
async fn a_page_stays_below_a_frame_and_the_next_goes_on_where_it_ended() {
    let (_house, admin) = furnished().await;
    let heavy = "m".repeat(15_000);
    let send = |n: usize| {
        let mut body = text(&format!("number {n}"));
        body.meta_data = Some(json!({"heavy": heavy}).as_object().unwrap().clone());
        admin.notification_send(soon(), "acme".into(), body, plain())
    };
    let sending = futures::stream::iter((0..120).map(send)).buffered(20);
    let ids: HashSet<_> = sending.map(|it| it.unwrap().unwrap().unwrap().id).collect().await;
    let mut seen = Vec::new();
    let mut request = ListRequest { limit: 1_000, ..ListRequest::default() };
    loop {
        let page = admin.notification_list(soon(), request.clone()).await.unwrap().unwrap();
        seen.extend(page.items.iter().map(|item| item.id));
        let Some(next) = page.next_cursor else { break };
        request.cursor = Some(next);
    }
    assert_eq!((seen.len(), ids), (120, seen.into_iter().collect()));
}

#[tokio::test]
async fn a_page_of_lines_is_45_kilobytes_at_most() {
    let (_house, admin) = furnished().await;
    let send = |n: usize| {
        let mut body = text(&n.to_string());
        body.tenant_id = Some("t".repeat(100));
        admin.notification_send(soon(), "acme".into(), body, plain())
    };
    let sending = futures::stream::iter((0..200).map(send)).buffered(20);
    let ids: HashSet<_> = sending.map(|it| it.unwrap().unwrap().unwrap().id).collect().await;
    for soonest in [false, true] {
        let mut request = ListRequest { limit: 200, ..ListRequest::default() };
        let (mut seen, mut pages) = (Vec::new(), 0);
        loop {
            let page = admin.notification_lines(soon(), request.clone(), soonest).await.unwrap().unwrap();
            assert!(serde_json::to_string(&page).unwrap().len() <= 46_080);
            seen.extend(page.items.iter().map(|line| line.id));
            pages += 1;
            let Some(next) = page.next_cursor else { break };
            request.cursor = Some(next);
        }
        // Nothing of it waits for a time.
        let (each, expected) = if soonest { (0, 1) } else { (200, 2) };
        assert_eq!((seen.len(), pages), (each, expected));
        assert!(soonest || seen.into_iter().collect::<HashSet<_>>() == ids, "each of them once");
    }
}

#[tokio::test]
async fn each_id_has_its_own_answer() {
    let (_house, admin) = furnished().await;
    let (first, second) = (sent(&admin, "1").await, sent(&admin, "2").await);
    let nobody = NotificationId::from_bytes([9; 16]);
    let ids = vec![first, nobody, second];
    let preview = admin.notification_cancel(soon(), ids.clone(), dry()).await.unwrap().unwrap();
    let done = admin.notification_cancel(soon(), ids.clone(), plain()).await.unwrap().unwrap();
    assert_eq!(preview, done, "the dry run said what would happen");
    assert_eq!(done.iter().map(|it| it.id).collect::<Vec<_>>(), ids);
    assert_eq!(done[0].result.as_ref().unwrap().known(), Some(Status::Cancelled));
    assert_eq!(done[1].result.as_ref().unwrap_err().code, NotFound);
    let again = admin.notification_cancel(soon(), vec![first], plain()).await.unwrap().unwrap();
    let error = again[0].result.as_ref().unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (Conflict, "it is cancelled and cannot be cancelled"));
    let retried = admin.notification_retry(soon(), vec![first], None, plain()).await.unwrap().unwrap();
    assert_eq!(retried[0].result.as_ref().unwrap().known(), Some(Status::Queued));
    assert_eq!(admin.notification_cancel(soon(), vec![first; 1_001], plain()).await.code(), Invalid);
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_not_found() {
    let (_house, admin) = furnished().await;
    let asked = SendRequest { provider_id: Some("nope".into()), ..*text("hello") };
    let error =
        admin.notification_send(soon(), "acme".into(), Box::new(asked), plain()).await.unwrap().unwrap_err();
    assert_eq!((error.code, error.message.as_str()), (NotFound, "there is no provider nope"));
    assert_eq!(error.hint.as_deref(), Some("see notifyctl provider list"));
}

#[tokio::test]
async fn another_provider_is_one_that_can_send_it() {
    let (_house, admin) = furnished().await;
    let relay = json!({"name": "relay", "kind": "smtp", "config": {"host": "mail.example.org"}});
    let relay: NewProvider = serde_json::from_value(relay).unwrap();
    admin.provider_add(soon(), relay, plain()).await.unwrap().unwrap();
    let id = sent(&admin, "one").await;
    let with = |name: &str| Some(Again { provider: Some(name.into()), ..Again::default() });
    for change in [plain(), dry()] {
        let asked = |name| admin.notification_retry(soon(), vec![id], with(name), change.clone());
        assert_eq!(asked("nobody").await.code(), NotFound);
        let unserved = asked("relay").await.unwrap().unwrap().remove(0).result.unwrap_err();
        assert_eq!(unserved.code, Conflict);
        assert!(unserved.message.contains("serves none of its channels"), "{}", unserved.message);
        let retried = asked("mock").await.unwrap().unwrap().remove(0).result.unwrap();
        assert_eq!(retried.known(), Some(Status::Queued));
    }
    admin.provider_set_active(soon(), "mock".into(), false, None, plain()).await.unwrap().unwrap();
    let off = admin.notification_retry(soon(), vec![id], with("mock"), plain()).await.unwrap().unwrap_err();
    assert!(off.code == Conflict && off.message.contains("provider: mock is switched off"), "{off:?}");
}

#[tokio::test]
async fn waiting_ends_with_the_notification() {
    let (house, admin) = furnished().await;
    let (id, other) = (sent(&admin, "1").await, sent(&admin, "2").await);
    let waiter = house.enter(Role::Viewer).await;
    let wait = tokio::spawn(async move { waiter.notification_wait(soon(), id, 20).await });
    admin.notification_cancel(soon(), vec![other], plain()).await.unwrap().unwrap();
    admin.notification_cancel(soon(), vec![id], plain()).await.unwrap().unwrap();
    let detail = wait.await.unwrap().unwrap().unwrap();
    assert_eq!(detail.notification.status.known(), Some(Status::Cancelled));
    let gone = NotificationId::from_bytes([9; 16]);
    assert_eq!(admin.notification_wait(soon(), gone, 1).await.code(), NotFound);
}

#[tokio::test]
async fn a_filter_that_is_too_long_is_refused() {
    let (_house, admin) = furnished().await;
    let filter = Filter { terms: vec![Term::AttemptsAtLeast(1); 33] };
    assert_eq!(admin.notification_count(soon(), filter.clone()).await.code(), Invalid);
    let list = ListRequest { filter, ..ListRequest::default() };
    assert_eq!(admin.notification_list(soon(), list).await.code(), Invalid);
}

#[tokio::test]
async fn what_is_not_final_is_told_with_its_plan_of_retries() {
    let (_house, admin) = furnished().await;
    let id = sent(&admin, "hello").await;
    let shown = admin.notification_show(soon(), id, false).await.unwrap().unwrap();
    assert_eq!(shown.retry_delays.len(), usize::try_from(shown.notification.max_retries).unwrap());
    assert!(!shown.retry_delays.is_empty() && shown.retry_delays.iter().all(|seconds| *seconds > 0));
    admin.notification_cancel(soon(), vec![id], plain()).await.unwrap().unwrap();
    assert!(admin.notification_show(soon(), id, false).await.unwrap().unwrap().retry_delays.is_empty());
}

#[tokio::test]
async fn the_newest_tell_what_a_filter_can_be_completed_with() {
    let (_house, admin) = furnished().await;
    for (n, kind) in ["receipt", "code", "code"].into_iter().enumerate() {
        let mut body = text(&format!("{kind} {n}"));
        body.event_type = Some(kind.to_owned());
        admin.notification_send(soon(), "acme".into(), body, plain()).await.unwrap().unwrap();
    }
    let found = admin.notification_values(soon(), Filter::default()).await.unwrap().unwrap();
    assert_eq!((found.scanned, found.partial), (3, false));
    let of = |field: &str| {
        let all = found.values[field].iter().map(|it| (it.value.as_str(), it.count));
        all.collect::<Vec<_>>()
    };
    assert_eq!(of("type"), [("code", 2), ("receipt", 1)]);
    assert_eq!((of("service"), of("channel"), of("tenant")), (vec![("acme", 3)], vec![("sms", 3)], vec![]));
    let filter = Filter::parse("type:receipt", notify_proto::Timestamp::UNIX_EPOCH).unwrap();
    let one = admin.notification_values(soon(), filter).await.unwrap().unwrap();
    assert_eq!(one.values["status"].iter().map(|it| it.count).collect::<Vec<_>>(), [1]);
    let long = Filter { terms: vec![Term::AttemptsAtLeast(1); 33] };
    assert_eq!(admin.notification_values(soon(), long).await.code(), Invalid);
}
