//! How much of what webhooks were told they took, among the figures of a service.

use super::fixture::{Opened, draft, who};
use super::webhooks::{acknowledge, failed, owed, taken, tally, webhook};
use notify_proto::view::Acks;
use notify_proto::{DeliveryId, Timestamp, WebhookEvent};
use notifyd_store::webhooks::{Tally, Webhook};
use notifyd_store::{Retention, Scope};
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

async fn acks(it: &Opened, service: &str, tenant: Option<&str>, since: Timestamp) -> Acks {
    let scope = Scope::Service(it.service(service).await);
    it.store.stats(scope, tenant.map(str::to_owned), since).await.unwrap().webhooks
}

fn by_status(acks: &Acks) -> Vec<(&str, u64)> {
    acks.by_status.iter().map(|(word, count)| (word.as_str(), *count)).collect()
}

/// Accepts these, of a tenant each.
async fn accept(it: &Opened, service: &str, texts: &[&str]) {
    for text in texts {
        let mut draft = draft(text);
        draft.message.tenant_id = Some(format!("of {text}"));
        it.accept_of(service, draft).await;
    }
}

pub async fn what_webhooks_took_is_counted_with_the_notifications(it: Opened) {
    let start = it.now();
    assert_eq!(acks(&it, "acme", None, start).await, Acks::default(), "nothing was told to anybody");
    let one = webhook(&it, "acme", 1, &[WebhookEvent::Created]).await;
    let two = webhook(&it, "acme", 2, &[WebhookEvent::Created]).await;
    accept(&it, "acme", &["a", "b", "c"]).await;
    let waiting = acks(&it, "acme", None, start).await;
    assert_eq!((by_status(&waiting), waiting.total), (vec![("pending", 6)], 6));
    assert_eq!((waiting.ack_rate, waiting.ack_ms.p50), (None, None));
    it.turn(Duration::from_millis(250));
    let of_one = owed(&it, &one).await;
    for owed in &of_one {
        acknowledge(&it, taken(&it, &one, owed)).await;
    }
    let of_two = owed(&it, &two).await;
    acknowledge(&it, failed(&it, &two, &of_two[0], None)).await;
    acknowledge(&it, failed(&it, &two, &of_two[1], Some(MINUTE))).await;
    let told = acks(&it, "acme", None, start).await;
    let expected = vec![("acknowledged", 3), ("failed", 1), ("pending", 1), ("retrying", 1)];
    assert_eq!((by_status(&told), told.total, told.partial), (expected, 6, false));
    assert_eq!(told.ack_rate, Some(0.75), "of those that came to their end");
    for percentile in [told.ack_ms.p50, told.ack_ms.p95, told.ack_ms.p99] {
        assert!((248..=252).contains(&percentile.unwrap()), "{told:?}");
    }
    // What is asked for once more counts from then.
    it.turn(60 * MINUTE);
    it.store.webhooks().redeliver(of_one[0].id, who()).await.unwrap();
    it.turn(Duration::from_millis(250));
    let again = owed(&it, &one).await;
    acknowledge(&it, taken(&it, &one, &again[0])).await;
    assert!(acks(&it, "acme", None, start).await.ack_ms.p99.unwrap() <= 252);
}

pub async fn figures_are_of_one_service_or_tenant_and_its_time(it: Opened) {
    let start = it.now();
    let events = [WebhookEvent::Created, WebhookEvent::Delivered];
    let mine = webhook(&it, "acme", 1, &events).await;
    webhook(&it, "acme", 2, &events).await;
    webhook(&it, "bolt", 3, &events).await;
    accept(&it, "acme", &["a", "b"]).await;
    accept(&it, "bolt", &["x"]).await;
    it.store
        .webhooks()
        .test(mine.no, DeliveryId::from_bytes([5; 16]), WebhookEvent::Failed, who())
        .await
        .unwrap();
    assert_eq!(acks(&it, "acme", None, start).await.total, 5, "with the test");
    assert_eq!(
        acks(&it, "acme", Some("of a"), start).await.total,
        2,
        "one of its notifications, told to two"
    );
    assert_eq!(acks(&it, "acme", Some("of nobody"), start).await.total, 0);
    assert_eq!(acks(&it, "bolt", None, start).await.total, 1);
    assert_eq!(it.store.stats(Scope::All, None, start).await.unwrap().webhooks.total, 6);
    for _ in 0..3 {
        it.turn(MINUTE);
        let later = it.now();
        assert_eq!(acks(&it, "acme", None, later).await.total, 0);
        accept(&it, "acme", &["c"]).await;
        it.turn(60 * MINUTE);
        assert_eq!(acks(&it, "acme", None, later).await.total, 2, "only what was owed since then");
    }
    // A clock that was set back by minutes hides nothing of what came before.
    let before = it.now();
    accept(&it, "acme", &["d"]).await;
    it.set_clock(-1_800);
    accept(&it, "acme", &["e"]).await;
    assert_eq!(acks(&it, "acme", None, before).await.total, 2);
    assert_eq!(acks(&it, "acme", None, it.now()).await.total, 4);
}

pub async fn what_was_removed_is_not_counted(it: Opened) {
    let start = it.now();
    let gone = webhook(&it, "acme", 1, &[WebhookEvent::Created]).await;
    let stays = webhook(&it, "acme", 2, &[WebhookEvent::Created]).await;
    accept(&it, "acme", &["a"]).await;
    it.store.webhooks().remove(gone.no, gone.id, who()).await.unwrap();
    let told = acks(&it, "acme", None, start).await;
    assert_eq!((told.total, owed(&it, &stays).await.len()), (1, 1));
    let it = it.restart().await;
    assert_eq!(acks(&it, "acme", None, start).await, told);
}

/// What stands where, and that a count of the log says the same.
async fn counted(it: Opened, webhook: &Webhook, expected: Tally) -> Opened {
    let all = |it: &Opened| (it.store.webhooks().pending(), it.store.webhooks().tallies());
    let kept = all(&it);
    let known = (expected != Tally::default()).then_some((webhook.no, expected));
    assert_eq!(kept, (expected.owed(), known.into_iter().collect()));
    let it = it.restart().await;
    assert_eq!(all(&it), kept, "counted in the log");
    it
}

pub async fn what_webhooks_did_not_take_is_counted_where_it_stands(it: Opened) {
    let hook = webhook(&it, "acme", 1, &[WebhookEvent::Created]).await;
    accept(&it, "acme", &["a", "b", "c"]).await;
    let it = counted(it, &hook, tally(3, 0, 0)).await;
    let [a, b, c] = &owed(&it, &hook).await[..] else { panic!("three") };
    acknowledge(&it, taken(&it, &hook, a)).await;
    acknowledge(&it, failed(&it, &hook, b, Some(MINUTE))).await;
    acknowledge(&it, failed(&it, &hook, c, None)).await;
    let it = counted(it, &hook, tally(0, 1, 1)).await;
    // It is told at once, by somebody's hand; then again, of itself, which ends a try that began before the hand was there.
    assert!(it.store.webhooks().redeliver(b.id, who()).await.unwrap());
    let it = counted(it, &hook, tally(1, 0, 1)).await;
    let once_more = owed(&it, &hook).await.remove(0);
    acknowledge(&it, failed(&it, &hook, &once_more, Some(MINUTE))).await;
    let it = counted(it, &hook, tally(0, 1, 1)).await;
    it.turn(MINUTE);
    let under_way = owed(&it, &hook).await.remove(0);
    assert!(it.store.webhooks().redeliver(b.id, who()).await.unwrap());
    acknowledge(&it, failed(&it, &hook, &under_way, None)).await;
    let it = counted(it, &hook, tally(0, 0, 2)).await;
    assert!(it.store.webhooks().redeliver(a.id, who()).await.unwrap(), "what was taken");
    assert!(it.store.webhooks().redeliver(c.id, who()).await.unwrap(), "what was given up");
    let it = counted(it, &hook, tally(2, 0, 1)).await;
    let begun = owed(&it, &hook).await.remove(0);
    it.store.webhooks().remove(hook.no, hook.id, who()).await.unwrap();
    acknowledge(&it, taken(&it, &hook, &begun)).await;
    counted(it, &hook, Tally::default()).await;
}

pub async fn what_is_swept_is_counted_no_more(it: Opened) {
    let hook = webhook(&it, "acme", 1, &[WebhookEvent::Cancelled]).await;
    let id = it.accept(draft("one")).await;
    it.store.revoke(Scope::All, id, who()).await.unwrap();
    let first = owed(&it, &hook).await.remove(0);
    acknowledge(&it, failed(&it, &hook, &first, None)).await;
    let it = counted(it, &hook, tally(0, 0, 1)).await;
    it.turn(Retention::default().cancelled + MINUTE);
    it.store.sweep(it.now()).await.unwrap();
    assert!(it.store.webhooks().delivery(first.id).await.unwrap().is_none());
    counted(it, &hook, Tally::default()).await;
}
