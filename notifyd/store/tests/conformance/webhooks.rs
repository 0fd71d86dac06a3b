//! Who is told of what, and the outbox.

use super::delivering::record;
use super::fixture::{Opened, draft, who};
use notify_proto::upkeep::OperationState;
use notify_proto::{
    DeliveryId, FailureReason, NotificationId, RetryProfile, SkipReason, Status, WebhookEvent, WebhookFault,
    WebhookId, WebhookStatus,
};
use notifyd_lifecycle::webhook::{EventSet, Schedule};
use notifyd_lifecycle::{Secret, Transition};
use notifyd_store::api::{Audit, Verdict};
use notifyd_store::operations::{NewOperation, Recovery, Work};
use notifyd_store::webhooks::{
    NewWebhook, Owed, Page, Private, Settings, Tally, Tried, Webhook, WebhookUpdate,
};
use notifyd_store::{Retention, Scope, StoreError};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

const MINUTE: Duration = Duration::from_secs(60);

pub(super) fn settings() -> Settings {
    Settings {
        url: "https://hooks.example.org/n".into(),
        description: None,
        events: EventSet::ALL,
        schedule: Schedule { profile: RetryProfile::Standard, max_retries: None },
        timeout: Duration::from_secs(30),
        redact: false,
        active: true,
    }
}

pub(super) fn private() -> Private {
    Private {
        secret: Secret::new("whsec_c2VjcmV0".into()),
        old: None,
        headers: BTreeMap::from([("x-token".into(), Secret::new("hunter2".into()))]),
    }
}

async fn create(it: &Opened, service: &str, id: u8, settings: Settings) -> Result<(), StoreError> {
    let service = it.service(service).await;
    let id = WebhookId::from_bytes([id; 16]);
    let new = NewWebhook { id, service, settings, private: private(), most: 3 };
    it.store.webhooks().create(new, who()).await
}

/// A webhook of a service that wants to hear of these.
pub(super) async fn webhook(it: &Opened, service: &str, id: u8, events: &[WebhookEvent]) -> Arc<Webhook> {
    let settings = Settings { events: events.iter().copied().collect(), ..settings() };
    create(it, service, id, settings).await.unwrap();
    known(it, id).unwrap()
}

fn known(it: &Opened, id: u8) -> Option<Arc<Webhook>> {
    it.store.webhooks().endpoints().find(WebhookId::from_bytes([id; 16])).cloned()
}

/// One that hears of everything, of the service that asks.
async fn all(it: &Opened) -> Arc<Webhook> {
    webhook(it, "acme", 1, WebhookEvent::ALL).await
}

pub(super) async fn owed(it: &Opened, webhook: &Webhook) -> Vec<Owed> {
    it.store.webhooks().load(webhook.no, it.now(), 1_000).await.unwrap().owed
}

async fn events(it: &Opened, webhook: &Webhook) -> Vec<WebhookEvent> {
    owed(it, webhook).await.iter().map(|owed| owed.event).collect()
}

/// A try that the endpoint took.
pub(super) fn taken(it: &Opened, webhook: &Webhook, owed: &Owed) -> Tried {
    Tried {
        no: owed.no,
        webhook: webhook.no,
        number: owed.tries + 1,
        at: it.now(),
        duration_ms: 12,
        code: Some(200),
        body: Some("ok".into()),
        error: None,
        again_at: None,
        fault: None,
    }
}

/// One that it did not take, and that is made again after so long.
pub(super) fn failed(it: &Opened, webhook: &Webhook, owed: &Owed, again: Option<Duration>) -> Tried {
    let again_at = again.map(|wait| it.now() + wait);
    let error = Some("it answered 503".into());
    Tried { code: Some(503), error, again_at, ..taken(it, webhook, owed) }
}

pub(super) async fn acknowledge(it: &Opened, tried: Tried) -> Verdict {
    it.store.webhooks().acknowledge(vec![tried]).await.unwrap()[0]
}

/// So much stands where.
pub(super) const fn tally(pending: u64, retrying: u64, failed: u64) -> Tally {
    Tally { pending, retrying, failed }
}

async fn deliver(it: &Opened) -> NotificationId {
    let id = it.accept(draft("one")).await;
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    it.store.record(vec![record(it, &job, Transition::deliver())]).await.unwrap();
    id
}

pub async fn each_step_is_owed_to_those_who_want_to_hear_of_it(it: Opened) {
    let some = webhook(&it, "acme", 1, &[WebhookEvent::Delivered, WebhookEvent::Cancelled]).await;
    let everything = webhook(&it, "acme", 2, WebhookEvent::ALL).await;
    let other = webhook(&it, "bolt", 3, WebhookEvent::ALL).await;
    deliver(&it).await;
    assert_eq!(events(&it, &some).await, [WebhookEvent::Delivered]);
    assert_eq!(events(&it, &everything).await, [WebhookEvent::Created, WebhookEvent::Delivered]);
    assert_eq!(events(&it, &other).await, []);
    let id = it.accept(draft("two")).await;
    it.store.revoke(Scope::All, id, Audit { reason: Some("changed my mind".into()), ..who() }).await.unwrap();
    let last = owed(&it, &some).await.pop().unwrap();
    let story = last.story.unwrap();
    assert_eq!((last.event, story.detail.as_deref()), (WebhookEvent::Cancelled, Some("changed my mind")));
    assert_eq!(it.store.webhooks().pending(), 6);
    assert_eq!(it.store.webhooks().tallies().values().map(|it| it.owed()).sum::<u64>(), 6);
    let due = it.store.webhooks().owed().await.unwrap();
    assert_eq!(due, [(some.no, it.now()), (everything.no, it.now())]);
    let ids: std::collections::HashSet<DeliveryId> =
        owed(&it, &some).await.iter().chain(&owed(&it, &everything).await).map(|it| it.id).collect();
    assert_eq!(ids.len(), 6, "each has an id of its own");
}

pub async fn what_is_told_is_how_it_was(it: Opened) {
    let webhook = all(&it).await;
    let id = deliver(&it).await;
    let owed = owed(&it, &webhook).await;
    let [created, delivered] = &owed[..] else { panic!("{owed:?}") };
    let story = created.story.as_ref().unwrap();
    assert_eq!((story.id, story.status, story.attempt), (id, Some(Status::Queued), 0));
    assert_eq!((story.provider_name.as_deref(), story.taken, created.n), (None, false, 1));
    let story = delivered.story.as_ref().unwrap();
    assert_eq!((story.status, story.attempt, story.retries), (Some(Status::Delivered), 1, 0));
    assert_eq!(
        (story.provider_name.as_deref(), story.external_id.as_deref(), story.taken),
        (Some("p"), Some("ext-1"), true)
    );
    assert!(delivered.n > created.n && story.simulated);
    assert_eq!(story.message.content.as_deref(), Some("one"));
    let same = it.store.webhooks().told(delivered.id).await.unwrap().unwrap();
    assert_eq!((same.no, same.id), (delivered.no, delivered.id));
}

pub async fn a_retry_is_told_when_it_is_scheduled_and_when_it_begins(it: Opened) {
    let webhook = all(&it).await;
    it.accept(draft("one")).await;
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    let at = it.now() + MINUTE;
    let retry = Transition::retry_at(at, "transient");
    it.store.record(vec![record(&it, &job, retry)]).await.unwrap();
    let scheduled = owed(&it, &webhook).await.pop().unwrap();
    let story = scheduled.story.unwrap();
    assert_eq!((scheduled.event, story.next_at), (WebhookEvent::RetryScheduled, Some(at)));
    assert_eq!((story.retries, story.detail.as_deref()), (1, Some("503")));
    it.turn(MINUTE);
    it.store.release(it.now(), 10).await.unwrap();
    let job = it.only_job().await;
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    let attempted = owed(&it, &webhook).await.pop().unwrap();
    let story = attempted.story.unwrap();
    assert_eq!((attempted.event, story.attempt), (WebhookEvent::RetryAttempted, 2));
    assert!(attempted.n > scheduled.n);
    let end = Transition::fail(FailureReason::Exhausted);
    it.store.record(vec![record(&it, &job, end)]).await.unwrap();
    let failed = owed(&it, &webhook).await.pop().unwrap();
    let story = failed.story.unwrap();
    assert_eq!((failed.event, story.failure), (WebhookEvent::Failed, Some(FailureReason::Exhausted)));
    assert!(failed.n > attempted.n);
}

pub async fn what_is_owed_survives_a_restart_and_is_acknowledged_once(it: Opened) {
    let webhook = all(&it).await;
    it.accept(draft("one")).await;
    let before = owed(&it, &webhook).await;
    let told = it.store.webhooks().delivery(before[0].id).await.unwrap().unwrap().delivery;
    assert_eq!((told.attempt_count, told.duration_ms), (0, None));
    let it = it.restart().await;
    let after = owed(&it, &webhook).await;
    assert_eq!((before[0].id, it.store.webhooks().pending()), (after[0].id, 1));
    assert_eq!(it.store.webhooks().tallies(), [(webhook.no, tally(1, 0, 0))].into());
    let tried = taken(&it, &webhook, &after[0]);
    assert_eq!(acknowledge(&it, tried.clone()).await, Verdict::Applied);
    assert_eq!(acknowledge(&it, tried).await, Verdict::SomeoneElses);
    assert_eq!((owed(&it, &webhook).await.len(), it.store.webhooks().pending()), (0, 0));
    assert!(it.store.webhooks().tallies().is_empty());
    let detail = it.store.webhooks().delivery(after[0].id).await.unwrap().unwrap();
    assert_eq!(detail.delivery.status.known(), Some(WebhookStatus::Acknowledged));
    assert_eq!(detail.delivery.acknowledged_at, Some(it.now()));
    assert_eq!(detail.attempts.len(), 1);
    assert_eq!((detail.attempts[0].response_status_code, detail.attempts[0].duration_ms), (Some(200), 12));
    assert_eq!(detail.delivery.duration_ms, Some(12));
}

pub async fn what_was_not_taken_is_due_again_and_keeps_its_delay_when_the_clock_is_set(it: Opened) {
    let webhook = all(&it).await;
    it.accept(draft("one")).await;
    let first = owed(&it, &webhook).await.remove(0);
    acknowledge(&it, failed(&it, &webhook, &first, Some(MINUTE))).await;
    assert_eq!(known(&it, 1).unwrap().failing_since, Some(it.now()));
    let next = it.store.webhooks().load(webhook.no, it.now(), 10).await.unwrap();
    assert_eq!((next.owed.len(), next.next), (0, Some(it.now() + MINUTE)));
    it.turn(Duration::from_secs(30));
    it.set_clock(86_400);
    it.accept(draft("two")).await;
    // Whoever writes what came of a try moves the others along.
    let second = owed(&it, &webhook).await.into_iter().find(|it| it.tries == 0).unwrap();
    acknowledge(&it, taken(&it, &webhook, &second)).await;
    let next = it.store.webhooks().load(webhook.no, it.now(), 10).await.unwrap();
    assert_eq!((next.owed.len(), next.next), (0, Some(it.now() + Duration::from_secs(30))));
    it.turn(Duration::from_secs(30));
    let again = owed(&it, &webhook).await.remove(0);
    assert_eq!((again.id, again.tries, again.before), (first.id, 1, 0));
    let last = failed(&it, &webhook, &again, None);
    acknowledge(&it, last).await;
    let detail = it.store.webhooks().delivery(first.id).await.unwrap().unwrap();
    assert_eq!(detail.delivery.status.known(), Some(WebhookStatus::Failed));
    assert_eq!(detail.attempts.iter().map(|it| it.number).collect::<Vec<_>>(), [1, 2]);
    assert_eq!(it.store.webhooks().pending(), 0);
}

pub async fn what_is_told_once_more_starts_anew(it: Opened) {
    let webhook = all(&it).await;
    it.accept(draft("one")).await;
    it.accept(draft("two")).await;
    for owed in owed(&it, &webhook).await {
        acknowledge(&it, failed(&it, &webhook, &owed, None)).await;
    }
    let webhooks = it.store.webhooks();
    let dead = Page { status: vec![WebhookStatus::Failed], limit: 10, ..Page::default() };
    let found = webhooks.deliveries(webhook.no, dead.clone()).await.unwrap();
    assert_eq!((found.len(), webhooks.count(webhook.no, dead.clone()).await.unwrap()), (2, 2));
    it.turn(MINUTE);
    assert!(webhooks.redeliver(found[0].id, who()).await.unwrap());
    assert!(!webhooks.redeliver(DeliveryId::from_bytes([9; 16]), who()).await.unwrap());
    let again = owed(&it, &webhook).await;
    assert_eq!((again.len(), again[0].id), (1, found[0].id), "under the same id");
    assert_eq!((again[0].tries, again[0].before, again[0].since), (1, 1, it.now()));
    assert_eq!(webhooks.count(webhook.no, dead).await.unwrap(), 1, "the other is still given up");
}

pub async fn secrets_are_sealed_and_read_back(it: Opened) {
    let webhook = all(&it).await;
    let it = it.restart().await;
    let private = it.store.webhooks().private(webhook.no).await.unwrap().unwrap();
    assert_eq!(private.secret.expose(), "whsec_c2VjcmV0");
    assert_eq!(private.headers["x-token"].expose(), "hunter2");
    assert!(private.old.is_none());
    assert!(!format!("{:?}", known(&it, 1)).contains("hunter2"));
    let nobody = it.store.webhooks().private(webhook.no + 1).await.unwrap();
    assert!(nobody.is_none());
}

fn change(it: &Webhook, settings: Settings, private: Option<Private>) -> WebhookUpdate {
    WebhookUpdate {
        no: it.no,
        id: it.id,
        revision: it.revision,
        settings,
        renewed: private.is_some(),
        private,
        old_until: it.old_until,
        verb: "webhook.update",
    }
}

pub async fn a_change_from_an_older_look_changes_no_webhook(it: Opened) {
    let webhook = all(&it).await;
    let quiet = Settings { redact: true, ..webhook.settings.clone() };
    let update = || change(&webhook, quiet.clone(), None);
    assert_eq!(it.store.webhooks().update(update(), who()).await.unwrap(), Verdict::Applied);
    let changed = known(&it, 1).unwrap();
    assert!(
        changed.settings.redact && changed.revision > webhook.revision && changed.client == webhook.client
    );
    assert_eq!(it.store.webhooks().update(update(), who()).await.unwrap(), Verdict::SomeoneElses);
    let rotated = Private { secret: Secret::new("whsec_bmV3".into()), ..private() };
    let rotate = change(&changed, quiet, Some(rotated));
    let until = it.now() + MINUTE;
    assert_eq!((webhook.secret_at, changed.secret_at), (Some(it.now()), Some(it.now())));
    it.turn(MINUTE);
    let rotate = WebhookUpdate { old_until: Some(until), ..rotate };
    assert_eq!(it.store.webhooks().update(rotate, who()).await.unwrap(), Verdict::Applied);
    let rotated = known(&it, 1).unwrap();
    assert!(rotated.client > changed.client && rotated.old_until == Some(until));
    assert_eq!(rotated.secret_at, Some(it.now()));
    let private = it.store.webhooks().private(webhook.no).await.unwrap().unwrap();
    assert_eq!(private.secret.expose(), "whsec_bmV3");
    let nobody = WebhookUpdate { no: 99, ..change(&rotated, settings(), None) };
    let missing = it.store.webhooks().update(nobody, who()).await;
    assert!(matches!(missing, Err(StoreError::NotFound { kind: "webhook", .. })), "{missing:?}");
}

pub async fn who_takes_nothing_is_switched_off_and_gets_another_chance(it: Opened) {
    let webhook = all(&it).await;
    it.accept(draft("one")).await;
    let first = owed(&it, &webhook).await.remove(0);
    let gone =
        Tried { code: Some(410), fault: Some(WebhookFault::Gone), ..failed(&it, &webhook, &first, None) };
    acknowledge(&it, gone).await;
    let off = known(&it, 1).unwrap();
    assert_eq!((off.settings.active, off.fault), (false, Some(WebhookFault::Gone)));
    deliver_another(&it).await;
    assert_eq!(owed(&it, &webhook).await.len(), 0, "nothing is owed to it any more");
    let it = it.restart().await;
    let off = known(&it, 1).unwrap();
    let on = change(&off, Settings { active: true, ..off.settings.clone() }, None);
    it.store.webhooks().update(on, who()).await.unwrap();
    let on = known(&it, 1).unwrap();
    assert_eq!((on.settings.active, on.fault, on.failing_since), (true, None, None));
    it.accept(draft("three")).await;
    let owed = owed(&it, &webhook).await;
    assert_eq!(owed.len(), 1);
    acknowledge(&it, failed(&it, &webhook, &owed[0], Some(MINUTE))).await;
    it.turn(MINUTE);
    let again = self::owed(&it, &webhook).await.remove(0);
    acknowledge(&it, taken(&it, &webhook, &again)).await;
    assert_eq!(known(&it, 1).unwrap().failing_since, None, "it takes what it is told");
}

async fn deliver_another(it: &Opened) {
    let id = it.accept(draft("another")).await;
    it.store.revoke(Scope::All, id, who()).await.unwrap();
}

pub async fn what_was_removed_is_told_nothing_and_leaves_nothing(it: Opened) {
    let webhook = all(&it).await;
    let id = deliver(&it).await;
    let first = owed(&it, &webhook).await.remove(0);
    it.store.webhooks().remove(webhook.no, webhook.id, who()).await.unwrap();
    assert!(known(&it, 1).is_none());
    assert_eq!((it.store.webhooks().pending(), it.store.webhooks().told_of(id).await.unwrap()), (0, vec![]));
    assert!(it.store.webhooks().delivery(first.id).await.unwrap().is_none());
    assert!(!it.store.webhooks().redeliver(first.id, who()).await.unwrap());
    it.store.sweep(it.now()).await.unwrap();
    it.store.sweep(it.now()).await.unwrap();
    assert!(it.store.webhooks().owed().await.unwrap().is_empty());
    assert!(it.store.webhooks().told(first.id).await.unwrap().is_none(), "its row is gone");
    let missing = it.store.webhooks().remove(webhook.no, webhook.id, who()).await;
    assert!(matches!(missing, Err(StoreError::NotFound { .. })));
}

pub async fn what_was_told_goes_with_its_notification(it: Opened) {
    let webhook = all(&it).await;
    let id = deliver(&it).await;
    let told = it.store.webhooks().told_of(id).await.unwrap();
    assert_eq!(told.len(), 2);
    assert!(told.iter().all(|it| it.notification_id == Some(id)));
    let first = owed(&it, &webhook).await.remove(0);
    acknowledge(&it, taken(&it, &webhook, &first)).await;
    it.turn(Retention::default().delivered + MINUTE);
    it.store.sweep(it.now()).await.unwrap();
    assert!(it.store.webhooks().delivery(first.id).await.unwrap().is_none());
    assert_eq!(it.store.webhooks().pending(), 0);
}

pub async fn a_service_has_only_so_many(it: Opened) {
    for id in 1..=3 {
        create(&it, "acme", id, settings()).await.unwrap();
    }
    let more = create(&it, "acme", 4, settings()).await;
    assert!(matches!(more, Err(StoreError::TooMany { most: 3, .. })), "{more:?}");
    create(&it, "bolt", 4, settings()).await.unwrap();
    let endpoints = it.store.webhooks().endpoints();
    let acme = it.service("acme").await;
    assert_eq!((endpoints.len(), endpoints.of(acme).count(), endpoints.all().count()), (4, 3, 4));
}

pub async fn a_test_is_no_notification(it: Opened) {
    let webhook = webhook(&it, "acme", 1, &[WebhookEvent::Failed]).await;
    let id = DeliveryId::from_bytes([5; 16]);
    it.store.webhooks().test(webhook.no, id, WebhookEvent::Delivered, who()).await.unwrap();
    let test = owed(&it, &webhook).await.remove(0);
    assert!(test.story.is_none() && test.event == WebhookEvent::Delivered && test.id == id);
    acknowledge(&it, taken(&it, &webhook, &test)).await;
    let detail = it.store.webhooks().delivery(id).await.unwrap().unwrap();
    assert_eq!(detail.delivery.notification_id, None);
    it.turn(MINUTE * 60 * 24 * 31);
    it.store.sweep(it.now()).await.unwrap();
    assert!(it.store.webhooks().delivery(id).await.unwrap().is_none());
}

pub async fn those_who_look_find_what_they_want(it: Opened) {
    let webhook = all(&it).await;
    let begun = it.now();
    for text in ["one", "two", "three"] {
        it.accept(draft(text)).await;
        it.turn(MINUTE);
    }
    let owed = owed(&it, &webhook).await;
    it.turn(MINUTE);
    acknowledge(&it, taken(&it, &webhook, &owed[0])).await;
    acknowledge(&it, failed(&it, &webhook, &owed[1], None)).await;
    let webhooks = it.store.webhooks();
    let page = Page { limit: 10, ..Page::default() };
    let all = webhooks.deliveries(webhook.no, page.clone()).await.unwrap();
    assert_eq!(all.iter().map(|it| it.id).collect::<Vec<_>>(), [owed[2].id, owed[1].id, owed[0].id]);
    assert_eq!((all[1].response_status_code, all[1].response_body.as_deref()), (Some(503), Some("ok")));
    let ids = async |page: Page| {
        let found = webhooks.deliveries(webhook.no, page).await.unwrap();
        found.iter().map(|it| owed.iter().position(|owed| owed.id == it.id).unwrap()).collect::<Vec<_>>()
    };
    assert_eq!(ids(Page { skip: 1, limit: 1, ..page.clone() }).await, [1]);
    assert_eq!(ids(Page { status: vec![WebhookStatus::Pending], ..page.clone() }).await, [2]);
    assert_eq!(ids(Page { events: vec![WebhookEvent::Failed], ..page.clone() }).await, [0; 0]);
    assert_eq!(ids(Page { since: Some(begun + MINUTE), ..page.clone() }).await, [2, 1]);
    assert_eq!(ids(Page { until: Some(begun + MINUTE), ..page.clone() }).await, [0]);
    let stats = webhooks.stats(webhook.no, begun).await.unwrap();
    let by_status: Vec<_> = stats.by_status.iter().map(|(word, count)| (word.as_str(), *count)).collect();
    assert_eq!(by_status, [("acknowledged", 1), ("failed", 1), ("pending", 1)]);
    assert_eq!((stats.owed, stats.oldest), (1, Some(begun + MINUTE * 2)));
    assert!(stats.ack_p50_ms.is_some_and(|ms| ms.abs_diff(240_000) < 1_000), "{stats:?}");
    assert_eq!(stats.by_code.get("503"), Some(&1));
    let job = it.queued().await.remove(0).1;
    let hold = Transition::hold(SkipReason::Paused);
    let claim = it.claim(&job).await;
    it.store.claim(vec![claim]).await.unwrap();
    it.store.record(vec![record(&it, &job, hold)]).await.unwrap();
    assert_eq!(webhooks.pending(), 1, "who is only held is not told of");
}

pub async fn a_recovery_goes_past_each_once(it: Opened) {
    let webhook = all(&it).await;
    let other = self::webhook(&it, "bolt", 2, WebhookEvent::ALL).await;
    let since = it.now();
    for text in ["one", "two", "three", "four", "five"] {
        it.accept(draft(text)).await;
    }
    for (number, owed) in owed(&it, &webhook).await.iter().enumerate() {
        let tried = match number {
            4 => taken(&it, &webhook, owed),
            _ => failed(&it, &webhook, owed, None),
        };
        acknowledge(&it, tried).await;
    }
    it.turn(MINUTE);
    let recovery = |webhook: &Webhook| Recovery {
        webhook: webhook.id,
        statuses: vec![WebhookStatus::Failed],
        events: vec![],
        since,
        until: it.now(),
        rate_per_second: Some(50.0),
    };
    let page = recovery(&webhook).page();
    let webhooks = it.store.webhooks();
    assert_eq!(webhooks.count(webhook.no, page.clone()).await.unwrap(), 4);
    let begin = |recovery: Recovery| {
        let new = NewOperation {
            verb: "webhook.recover",
            target: "some".into(),
            unit: "events",
            total: 4,
            work: Some(Work::Recovery(recovery)),
        };
        it.store.operations().begin(new, who())
    };
    let begun = begin(recovery(&webhook)).await.unwrap();
    let nobodys = begin(recovery(&other)).await.unwrap();
    let step = it.store.operations().advance(begun.no, 1).await.unwrap().unwrap();
    assert_eq!((step.done, step.state, webhooks.pending()), (1, OperationState::Running, 1));
    // One that is told once more by hand, and given up again, was asked for before that: it is told again. One that is owed
    // by now is not.
    let found = webhooks.deliveries(webhook.no, Page { limit: 10, ..page }).await.unwrap();
    assert!(webhooks.redeliver(found[0].id, who()).await.unwrap());
    let moving = it.store.operations().moving().await.unwrap();
    assert_eq!(moving.iter().map(|it| it.no).collect::<Vec<_>>(), [begun.no, nobodys.no]);
    let it = it.restart().await;
    let webhooks = it.store.webhooks();
    assert_eq!(it.store.operations().moving().await.unwrap(), moving, "a restart finds how far it came");
    let ended = super::operations::finish(&it, begun.no, 2).await;
    assert_eq!((ended.done, ended.refused, ended.state), (3, 0, OperationState::Done));
    let again = owed(&it, &webhook).await;
    assert_eq!(again.len(), 4);
    assert!(again.iter().all(|it| (it.tries, it.before) == (1, 1)), "{again:?}");
    webhooks.remove(other.no, other.id, who()).await.unwrap();
    let ended = super::operations::finish(&it, nobodys.no, 2).await;
    assert_eq!(ended.state, OperationState::Failed);
    assert!(ended.outcome.error.unwrap().message.contains("was removed"));
}
