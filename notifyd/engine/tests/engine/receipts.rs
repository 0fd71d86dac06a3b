//! What a provider says later of what it took, on paused time: late, twice, before its attempt is written down, after a
//! restart, for nobody, and the opposite of what it said before.

use crate::house::{House, story};
use crate::sim::{World, in_every_world};
use crate::slow::stand;
use notify_proto::view::NotificationDetail;
use notify_proto::{
    AttemptStatus, DeliveryProof, FailureReason, NotificationId, Open, ProviderId, ReceiptStatus, Says,
    Status,
};
use notifyd_engine::Options;
use notifyd_lifecycle::breaker::BreakerRules;
use notifyd_lifecycle::receipt::Reference;
use notifyd_lifecycle::{Clock as _, Receipt};
use rand::Rng as _;
use serde_json::{Value, json};
use std::time::Duration;

/// What the provider does with a notification, by its recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Arrives,
    IsLost,
    ArrivesInDoubt,
    IsLostInDoubt,
    NeverTold,
    NotTold,
}

const KINDS: [Kind; 6] =
    [Kind::Arrives, Kind::IsLost, Kind::ArrivesInDoubt, Kind::IsLostInDoubt, Kind::NeverTold, Kind::NotTold];

impl Kind {
    fn to(self) -> String {
        format!("+1500555000{}", self as usize)
    }

    fn rule(self) -> Value {
        let within = json!({"min": 0, "max": 20_000});
        let lost = json!({"after_ms": within, "says": "undelivered", "reason": "handset is off"});
        let (outcome, receipt) = match self {
            Self::Arrives => ("accepted", json!({"after_ms": within})),
            Self::IsLost => ("accepted", lost),
            Self::ArrivesInDoubt => ("ambiguous", json!({"after_ms": within})),
            Self::IsLostInDoubt => ("ambiguous", lost),
            Self::NeverTold => ("accepted", json!("never")),
            Self::NotTold => ("accepted", Value::Null),
        };
        json!({"to": self.to(), "outcome": outcome, "receipt": receipt})
    }

    const fn says(self) -> Option<Says> {
        match self {
            Self::Arrives | Self::ArrivesInDoubt => Some(Says::Delivered),
            Self::IsLost | Self::IsLostInDoubt => Some(Says::Undelivered),
            Self::NeverTold | Self::NotTold => None,
        }
    }
}

const fn opposite(says: Says) -> Says {
    match says {
        Says::Delivered => Says::Undelivered,
        Says::Undelivered => Says::Delivered,
    }
}

#[test]
fn every_receipt_is_settled_once_whenever_it_comes() {
    in_every_world(async |mut world| {
        let rules: Vec<_> = KINDS.map(Kind::rule).into();
        let first = world.provider(|it| {
            it.max_in_flight = 100;
            it.config = json!({"latency_ms": {"min": 0, "max": 50}, "plan": {"recipients": rules}});
        });
        world.provider(|it| (it.priority, it.max_in_flight) = (2, 100));
        world.start(options());
        let sent = play(&mut world, first).await;
        tokio::time::sleep(Duration::from_secs(60)).await;
        // What was under way when the daemon stopped is lost; the provider says it again, twice.
        for (id, kind) in &sent {
            let story = world.detail(*id);
            let heard = story.attempts[0].receipt.as_ref().and_then(Open::known);
            if let Some(says) = kind.says()
                && !matches!(heard, Some(ReceiptStatus::Delivered | ReceiptStatus::Undelivered))
            {
                say(&world, first, by_reference(&story), says);
                say(&world, first, Reference::Attempt(*id, 1), says);
            }
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
        for (id, kind) in &sent {
            judge(&world.detail(*id), *kind, 1);
        }
        // The first word counts.
        for (id, kind) in &sent {
            if let Some(says) = kind.says() {
                let reference = by_reference(&world.detail(*id));
                say(&world, first, reference.clone(), says);
                say(&world, first, reference, opposite(says));
            }
        }
        tokio::time::sleep(Duration::from_secs(30)).await;
        for (id, kind) in &sent {
            judge(&world.detail(*id), *kind, 2);
        }
        world.stop().await;
    });
}

/// With circuits that no row of calls in doubt opens: it is not about them.
fn options() -> Options {
    let breaker = BreakerRules { consecutive: 1_000, min_calls: 1_000, ..BreakerRules::default() };
    Options { breaker, ..Options::default() }
}

/// Sends for a while, maybe with a restart in between; nobody knows some of the receipts that come.
async fn play(world: &mut World, first: ProviderId) -> Vec<(NotificationId, Kind)> {
    let restart_at = world.dice.random_range(0..60);
    let mut sent = Vec::new();
    for n in 0..30 {
        let kind = KINDS[world.dice.random_range(0..KINDS.len())];
        // One that others may send again must not be: the receipt comes before its time.
        let policy = if kind == Kind::IsLostInDoubt || world.dice.random() { "hold" } else { "resend" };
        let id = world.send("acme", &json!({"to": kind.to(), "on_unknown": policy}));
        sent.push((id, kind));
        if n % 10 == 0 {
            say(world, first, Reference::Message(format!("nobody-{n}")), Says::Undelivered);
            say(world, first, Reference::Attempt(NotificationId::from_bytes([n; 16]), 1), Says::Delivered);
        }
        let pause = world.dice.random_range(0..1_500);
        tokio::time::sleep(Duration::from_millis(pause)).await;
        if n == restart_at {
            world.stop().await;
            world.close().await;
            world.open();
            world.start(options());
        }
    }
    sent
}

/// The provider's id of the message, or ours where it told none.
fn by_reference(story: &NotificationDetail) -> Reference {
    let attempt = &story.attempts[0];
    match &attempt.external_id {
        Some(id) => Reference::Message(id.clone()),
        None => Reference::Attempt(story.notification.id, attempt.number),
    }
}

fn say(world: &World, provider: ProviderId, of: Reference, says: Says) {
    let reason = (says == Says::Undelivered).then_some("handset is off");
    let receipt = Receipt::new(of, says, reason, world.clock.now());
    stand(world.store().log.receipts().receive(vec![(provider, receipt)])).unwrap();
}

/// How often it was heard: once, or once more by the opposite word.
fn judge(detail: &NotificationDetail, kind: Kind, words: usize) {
    let view = &detail.notification;
    let proof = view.delivery_proof.as_ref().and_then(Open::known);
    let heard = detail.attempts[0].receipt.as_ref().and_then(Open::known);
    let ends: Vec<_> = detail.attempts.iter().filter_map(|it| it.status.known()).collect();
    let (status, wanted, attempts): (_, _, &[AttemptStatus]) = match kind {
        Kind::Arrives | Kind::ArrivesInDoubt => {
            (Status::Delivered, Some(DeliveryProof::Receipt), &[AttemptStatus::Delivered])
        }
        Kind::IsLost => (Status::Failed, None, &[AttemptStatus::Delivered]),
        Kind::IsLostInDoubt => (
            Status::Delivered,
            Some(DeliveryProof::Accepted),
            &[AttemptStatus::Failed, AttemptStatus::Delivered],
        ),
        Kind::NeverTold | Kind::NotTold => {
            (Status::Delivered, Some(DeliveryProof::Accepted), &[AttemptStatus::Delivered])
        }
    };
    assert_eq!((view.status.known(), proof), (Some(status), wanted), "{kind:?}: {detail:#?}");
    assert_eq!(ends, attempts, "{kind:?}: {detail:#?}");
    if kind == Kind::IsLost {
        assert_eq!(view.failure_reason.as_ref().unwrap().known(), Some(FailureReason::Undelivered));
        assert_eq!(view.error_message.as_deref(), Some("handset is off"));
    }
    let said = match (kind.says(), words) {
        (Some(_), 2) => Some(ReceiptStatus::Contradicted),
        (Some(Says::Delivered), _) => Some(ReceiptStatus::Delivered),
        (Some(Says::Undelivered), _) => Some(ReceiptStatus::Undelivered),
        (None, _) if kind == Kind::NeverTold => Some(ReceiptStatus::Awaited),
        (None, _) => None,
    };
    assert_eq!(heard, said, "{kind:?}: {detail:#?}");
    let of_receipts = |word: &&str| ["confirmed", "undelivered", "resumed", "receipt"].contains(word);
    let told = story(detail).into_iter().filter(of_receipts).count();
    let settled = detail.events.iter().filter(|it| it.reason.as_deref() == Some("receipt")).count();
    let wanted = if kind.says().is_some() { words } else { 0 };
    assert_eq!(told + settled, wanted, "{kind:?}: {detail:#?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_receipt_that_comes_with_the_answer_is_heard() {
    let house = House::new();
    house.provider("tells", 1, json!({"receipt": {"after_ms": 0}})).await;
    let ids = [house.send(json!({})).await, house.send(json!({})).await];
    for id in ids {
        let detail = house
            .until(id, |it| {
                it.notification.delivery_proof.as_ref().and_then(Open::known) == Some(DeliveryProof::Receipt)
            })
            .await;
        assert_eq!(story(&detail), ["created", "delivered", "confirmed"]);
    }
    house.end().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_settled_before_its_time_is_not_sent_again() {
    let house = House::new();
    house.provider("tells", 1, json!({"outcome": "ambiguous", "receipt": {"after_ms": 0}})).await;
    let id = house.send(json!({"priority": "normal", "on_unknown": "resend"})).await;
    let detail = house.finished(id).await;
    assert_eq!(story(&detail), ["created", "retry_scheduled", "delivered"]);
    assert_eq!(detail.attempts.len(), 1);
    assert!(detail.notification.next_attempt_at.is_none());
    house.end().await;
}
