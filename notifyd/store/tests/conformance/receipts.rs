//! What providers say later of what they took.

use super::delivering::record;
use super::fixture::{Opened, draft};
use notify_proto::view::NotificationDetail;
use notify_proto::{
    AttemptStatus, DeliveryProof, FailureReason, NotificationId, ReceiptStatus, Says, Status, Timestamp,
};
use notifyd_lifecycle::decide::Progress;
use notifyd_lifecycle::receipt::{Heard, Reference};
use notifyd_lifecycle::{Receipt, Transition};
use notifyd_store::Scope;
use notifyd_store::api::{Job, Verdict};
use notifyd_store::receipts::{Hearing, MAX_WAITING, Settlement, Unsettled};
use std::time::Duration;

/// One that is claimed.
async fn claimed(it: &Opened) -> (NotificationId, Job) {
    let mut draft = draft("one");
    draft.dedup = None;
    let id = it.accept(draft).await;
    let (_, job) = it.queued().await.into_iter().find(|(_, job)| job.id == id).unwrap();
    let claim = it.claim(&job).await;
    assert_eq!(it.store.claim(vec![claim]).await.unwrap(), [Verdict::Applied]);
    (id, job)
}

/// One that its provider took, which tells receipts.
async fn taken(it: &Opened) -> (NotificationId, Job) {
    let (id, job) = claimed(it).await;
    let mut record = record(it, &job, Transition::deliver());
    let end = record.attempt.as_mut().unwrap();
    (end.awaits_receipt, end.external_id) = (true, Some(format!("ext-{}", job.seq)));
    assert_eq!(it.store.record(vec![record]).await.unwrap(), [Verdict::Applied]);
    (id, job)
}

fn receipt(of: Reference, says: Says, at: Timestamp) -> Receipt {
    let reason = (says == Says::Undelivered).then_some("handset is off");
    Receipt::new(of, says, reason, at)
}

async fn say(it: &Opened, of: Reference, says: Says) -> usize {
    let provider = it.provider("p").await;
    it.store.receipts().receive(vec![(provider, receipt(of, says, it.now()))]).await.unwrap()
}

async fn due(it: &Opened) -> Vec<Unsettled> {
    it.store.receipts().due(it.now(), 1_000).await.unwrap().receipts
}

async fn only(it: &Opened) -> Unsettled {
    let mut due = due(it).await;
    assert_eq!(due.len(), 1, "{due:?}");
    due.remove(0)
}

async fn settle(it: &Opened, settlement: Settlement) -> Verdict {
    it.store.receipts().settle(vec![settlement]).await.unwrap()[0]
}

/// What the engine makes of it.
fn hearing(it: &Opened, of: &Unsettled, heard: ReceiptStatus, transition: Transition) -> Settlement {
    let found = *of.found.clone().unwrap();
    let heard = Heard { heard, attempt: AttemptStatus::Delivered, transition };
    let progress = Progress::default();
    let (at, reason) = (it.now(), of.receipt.reason.clone());
    Settlement::Hear(Box::new(Hearing { no: of.no, found, heard, progress, at, reason }))
}

async fn detail(it: &Opened, id: NotificationId) -> NotificationDetail {
    it.store.notification(Scope::All, id).await.unwrap().unwrap()
}

pub async fn a_receipt_survives_a_restart_and_is_settled_once(it: Opened) {
    let (id, job) = taken(&it).await;
    let of = Reference::Message(format!("ext-{}", job.seq));
    assert_eq!(say(&it, of.clone(), Says::Delivered).await, 1);
    assert_eq!(say(&it, of.clone(), Says::Delivered).await, 0, "it waits already");
    let it = it.restart().await;
    it.turn(Duration::from_secs(4));
    let waits = only(&it).await;
    let found = waits.found.as_deref().unwrap();
    assert_eq!((waits.provider, found.job.id, found.number), (it.provider("p").await, id, 1));
    assert_eq!((found.status, found.proof), (Status::Delivered, Some(DeliveryProof::Accepted)));
    assert_eq!((found.attempt, found.heard), (AttemptStatus::Delivered, Some(ReceiptStatus::Awaited)));
    let settlement = hearing(&it, &waits, ReceiptStatus::Delivered, Transition::confirm());
    assert_eq!(settle(&it, settlement.clone()).await, Verdict::Applied);
    assert_eq!(settle(&it, settlement).await, Verdict::AlreadyDone);
    assert!(due(&it).await.is_empty());
    let detail = detail(&it, id).await;
    let view = &detail.notification;
    assert_eq!(view.delivery_proof.as_ref().unwrap().known(), Some(DeliveryProof::Receipt));
    assert_eq!(view.delivered_at, Some(it.now() - Duration::from_secs(4)), "when the provider took it");
    let receipt = detail.attempts[0].receipt.as_ref().unwrap();
    assert_eq!(receipt.known(), Some(ReceiptStatus::Delivered));
    assert_eq!(detail.events.last().unwrap().event, "confirmed");
    assert_eq!((it.store.counts().of(Status::Delivered), it.store.counts().0.iter().sum::<u64>()), (1, 1));
    // Said again, it is found with what was said before.
    assert_eq!(say(&it, of, Says::Delivered).await, 1);
    let again = only(&it).await;
    assert_eq!(again.found.unwrap().heard, Some(ReceiptStatus::Delivered));
    assert_eq!(settle(&it, Settlement::Forget(again.no)).await, Verdict::Applied);
}

pub async fn what_did_not_arrive_is_a_dead_letter(it: Opened) {
    let (id, job) = taken(&it).await;
    say(&it, Reference::Message(format!("ext-{}", job.seq)), Says::Undelivered).await;
    let waits = only(&it).await;
    let settlement = hearing(&it, &waits, ReceiptStatus::Undelivered, Transition::refute());
    assert_eq!(settle(&it, settlement).await, Verdict::Applied);
    let view = detail(&it, id).await.notification;
    assert_eq!(view.status.known(), Some(Status::Failed));
    assert_eq!(view.failure_reason.unwrap().known(), Some(FailureReason::Undelivered));
    assert_eq!(view.error_message.as_deref(), Some("handset is off"));
    assert!(view.failed_at.is_some() && view.delivered_at.is_none() && view.delivery_proof.is_none());
    assert_eq!(it.store.counts().of(Status::Failed), 1);
    assert_eq!(it.store.counts().of(Status::Delivered), 0);
}

pub async fn a_receipt_before_its_record_is_put_off(it: Opened) {
    let (_, job) = claimed(&it).await;
    let of = Reference::Message("ext-early".into());
    say(&it, of, Says::Delivered).await;
    let early = only(&it).await;
    assert!(early.found.is_none(), "the provider's id is not written down yet");
    let later = it.now() + Duration::from_millis(100);
    assert_eq!(settle(&it, Settlement::PutOff(early.no, later)).await, Verdict::Applied);
    let waits = it.store.receipts().due(it.now(), 10).await.unwrap();
    assert_eq!((waits.receipts.len(), waits.next), (0, Some(later)));
    let mut record = record(&it, &job, Transition::deliver());
    let end = record.attempt.as_mut().unwrap();
    (end.awaits_receipt, end.external_id) = (true, Some("ext-early".into()));
    it.store.record(vec![record]).await.unwrap();
    it.turn(Duration::from_millis(100));
    assert!(only(&it).await.found.is_some());
    // However far the clock is set back, it is not put off for longer.
    it.set_clock(-86_400);
    assert!(only(&it).await.found.is_some());
}

pub async fn a_receipt_by_our_own_reference_finds_an_attempt_in_doubt(it: Opened) {
    let (id, job) = claimed(&it).await;
    let mut held = record(&it, &job, Transition::hold_in_doubt());
    held.attempt.as_mut().unwrap().status = AttemptStatus::InDoubt;
    it.store.record(vec![held]).await.unwrap();
    say(&it, Reference::Attempt(id, 1), Says::Delivered).await;
    // Neither another attempt nor another provider's is meant.
    say(&it, Reference::Attempt(id, 2), Says::Delivered).await;
    let other = it.provider("other").await;
    let theirs = receipt(Reference::Attempt(id, 1), Says::Delivered, it.now());
    it.store.receipts().receive(vec![(other, theirs)]).await.unwrap();
    let (known, unknown): (Vec<_>, Vec<_>) = due(&it).await.into_iter().partition(|it| it.found.is_some());
    assert_eq!((known.len(), unknown.len()), (1, 2));
    let found = known[0].found.as_deref().unwrap();
    assert!(found.held_in_doubt && found.attempt == AttemptStatus::InDoubt);
    let settlement = hearing(&it, &known[0], ReceiptStatus::Delivered, Transition::arrived());
    assert_eq!(settle(&it, settlement).await, Verdict::Applied);
    let detail = detail(&it, id).await;
    let proof = detail.notification.delivery_proof.unwrap().known();
    assert_eq!(
        (detail.notification.status.known(), proof),
        (Some(Status::Delivered), Some(DeliveryProof::Receipt))
    );
    assert_eq!(detail.notification.provider_name.as_deref(), Some("p"));
    assert_eq!(detail.attempts[0].status.known(), Some(AttemptStatus::Delivered));
}

pub async fn a_settlement_of_what_moved_meanwhile_is_somebody_elses(it: Opened) {
    let (id, job) = claimed(&it).await;
    let mut held = record(&it, &job, Transition::hold_in_doubt());
    held.attempt.as_mut().unwrap().status = AttemptStatus::InDoubt;
    it.store.record(vec![held]).await.unwrap();
    say(&it, Reference::Attempt(id, 1), Says::Undelivered).await;
    let waits = only(&it).await;
    it.store.retry(Scope::All, id, super::fixture::who()).await.unwrap();
    let settlement = hearing(&it, &waits, ReceiptStatus::Undelivered, Transition::resume());
    assert_eq!(settle(&it, settlement).await, Verdict::SomeoneElses);
    let again = only(&it).await;
    let found = again.found.as_deref().unwrap();
    assert_eq!((found.status, found.held_in_doubt), (Status::Queued, true));
    // What is queued is loaded again as it is now.
    let before = it.only_job().await.fence;
    let noted = Transition::hear(Status::Queued, ReceiptStatus::Undelivered);
    let settlement = hearing(&it, &again, ReceiptStatus::Undelivered, noted);
    let _ = it.store.bell().take();
    assert_eq!(settle(&it, settlement).await, Verdict::Applied);
    assert_eq!(it.store.bell().take().lines.len(), 1);
    assert_eq!(it.only_job().await.fence, before + 1);
}

pub async fn what_nobody_knows_goes_and_makes_room(it: Opened) {
    let provider = it.provider("p").await;
    let at = it.now();
    let unknown = |from: usize, count: usize| -> Vec<_> {
        let of = |n: usize| receipt(Reference::Message(format!("unknown-{n}")), Says::Delivered, at);
        (from..from + count).map(|n| (provider, of(n))).collect()
    };
    assert_eq!(it.store.receipts().receive(unknown(0, MAX_WAITING)).await.unwrap(), MAX_WAITING);
    // Nobody has looked at them yet, so none may go.
    assert!(it.store.receipts().receive(unknown(MAX_WAITING, 1)).await.is_err());
    let first = due(&it).await;
    let put_off = first.iter().map(|of| Settlement::PutOff(of.no, at + Duration::from_secs(60))).collect();
    it.store.receipts().settle(put_off).await.unwrap();
    assert_eq!(it.store.receipts().receive(unknown(MAX_WAITING, 10)).await.unwrap(), 10);
    let stranger = notify_proto::ProviderId::from_bytes([9; 16]);
    let nobodys = receipt(Reference::Message("x".into()), Says::Delivered, at);
    assert_eq!(it.store.receipts().receive(vec![(stranger, nobodys)]).await.unwrap(), 0);
    it.turn(Duration::from_secs(3 * 86_400 + 1));
    for _ in 0..MAX_WAITING / 500 {
        it.store.sweep(it.now()).await.unwrap();
    }
    assert!(it.store.receipts().due(it.now(), 10).await.unwrap().receipts.is_empty());
}
