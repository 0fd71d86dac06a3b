//! Why a notification is where it is.

use super::fakes::{Refused, because, furnished, hold, plain, sent, soon, text};
use notify_proto::control::{ControlClient, RouteRequest};
use notify_proto::explain::Explanation;
use notify_proto::{ErrorCode, FailureReason, HoldKind, NotificationId};
use notifyd_lifecycle::Transition;
use notifyd_lifecycle::decide::Progress;
use notifyd_store::Store as _;
use notifyd_store::api::{AttemptEnd, Claim, Job, Record};

async fn explained(client: &ControlClient, id: NotificationId) -> Explanation {
    client.notification_explain(soon(), id).await.unwrap().unwrap()
}

fn said(it: &Explanation) -> Vec<&str> {
    it.decisions.iter().map(|one| one.sentence.as_str()).collect()
}

/// What the engine writes of one attempt: claimed, then ended so.
async fn attempt(house: &super::fakes::House, id: NotificationId, class: &'static str, then: Transition) {
    let job: Job = house.store.job(id).await.unwrap().unwrap();
    let at = house.room.now();
    let directory = house.store.directory();
    let (channel, provider) = (job.plan.channels[0], directory.find_provider("mock").unwrap().id);
    let claim = Claim {
        seq: job.seq,
        fence: job.fence,
        attempts: job.attempts,
        at,
        channel,
        provider,
        skipped: vec![],
        retries: None,
    };
    let number = claim.attempt();
    let progress = Progress { cost: then.event() == "failed_over", ..job.progress };
    house.store.claim(vec![claim]).await.unwrap();
    let status = if class == "accepted" { "delivered" } else { "failed" }.parse().unwrap();
    let end = AttemptEnd {
        number,
        provider,
        channel,
        status,
        class,
        message: (class != "accepted").then(|| "450 +15005550006 is busy".into()),
        external_id: None,
        simulated: true,
        awaits_receipt: false,
    };
    let record = Record {
        seq: job.seq,
        id,
        group: job.group,
        fence: job.fence + 1,
        at,
        attempt: Some(end),
        skipped: vec![],
        attempts: number,
        transition: then,
        lane: job.plan.lane(&job.message.addresses, &progress),
        progress,
        possible_duplicate: false,
    };
    house.store.record(vec![record]).await.unwrap();
}

#[tokio::test]
async fn what_is_due_waits_for_its_turn_or_for_an_opening() {
    let (house, admin) = furnished().await;
    let id = sent(&admin, "hello").await;
    let turn = explained(&admin, id).await;
    assert_eq!((turn.now.what.as_str(), turn.now.provider.as_deref()), ("turn", Some("mock")));
    assert_eq!(turn.now.sentence, "it waits for its turn in the queue of mock; 7 wait there");
    assert_eq!(said(&turn), ["it was accepted from acme for sms, due at once"]);
    assert_eq!((turn.route.steps.len(), turn.route.steps[0].verdict.as_str()), (1, "taken"));

    *house.engine.circuit.lock().unwrap() = "open";
    let shut = explained(&admin, id).await;
    assert_eq!((shut.now.what.as_str(), shut.now.reason.as_deref()), ("opening", Some("breaker_open")));
    let sentence =
        "it is held until somebody can be called: mock on sms: its circuit is open (5 failures in a row)";
    assert_eq!(shut.now.sentence, sentence);
    // An operator's reason comes first.
    let open = hold("mock", HoldKind::CircuitOpen, None);
    admin.hold_set(soon(), open, because("vendor is down")).await.unwrap().unwrap();
    let forced = explained(&admin, id).await;
    assert!(forced.now.sentence.contains("forced by ada"), "{}", forced.now.sentence);
    assert!(forced.now.sentence.contains("vendor is down"), "{}", forced.now.sentence);
    assert!(forced.route.steps[0].why.as_deref().unwrap().contains("vendor is down"));
    let asked = admin.provider_route(soon(), RouteRequest::default()).await.unwrap().unwrap();
    let sms = asked.steps.iter().find(|step| step.channel == forced.route.steps[0].channel).unwrap();
    assert_eq!(sms, &forced.route.steps[0], "whoever asks for the route alone is told the same");
}

#[tokio::test]
async fn what_failed_waits_for_its_time_and_says_which_retry_it_is() {
    let (house, admin) = furnished().await;
    let id = sent(&admin, "hello").await;
    let in_five = house.room.now() + chrono::TimeDelta::minutes(5);
    attempt(&house, id, "transient", Transition::retry_at(in_five, "transient")).await;
    let it = explained(&admin, id).await;
    let expected = [
        "it was accepted from acme for sms, due at once",
        "attempt 1 through mock on sms began",
        "attempt 1 through mock on sms failed: it did not work this time (450 +1********06 is busy)",
        "retry 1 of 3 got a time, as nobody was left to try: it did not work this time",
    ];
    assert_eq!(said(&it), expected, "without the address");
    let words: Vec<_> = it.decisions.iter().map(|one| (one.what.as_str(), one.reason.as_deref())).collect();
    let expected = [
        ("created", None),
        ("attempt_begun", None),
        ("attempt_ended", Some("transient")),
        ("retry_scheduled", Some("transient")),
    ];
    assert_eq!(words, expected);
    assert_eq!(
        it.now.sentence,
        "it waits for its time: retry 1 of 3, because it did not work this time before"
    );
    let now =
        |it: &Explanation| (it.now.what.clone(), it.now.reason.clone().unwrap_or_default(), it.now.until);
    assert_eq!(now(&it), ("time".into(), "retry".into(), Some(in_five)));
    assert_eq!(it.route.steps[0].verdict, "taken", "as things stand");

    let at = in_five + chrono::TimeDelta::hours(1);
    admin.notification_postpone(soon(), vec![id], at, because("quiet hours")).await.unwrap().unwrap();
    let it = explained(&admin, id).await;
    assert_eq!(now(&it), ("time".into(), "postponed".into(), Some(at)));
    assert!(
        it.now.sentence.contains("to which an operator postponed it: retry 1 of 3"),
        "{}",
        it.now.sentence
    );
    let last = said(&it)[4];
    assert_eq!(last, "an operator postponed it (until 2027-01-15T09:05:00.000Z: quiet hours)");

    admin.schedule_run(soon(), vec![id], plain()).await.unwrap().unwrap();
    attempt(&house, id, "accepted", Transition::deliver()).await;
    let it = explained(&admin, id).await;
    assert_eq!(now(&it).0, "nothing");
    assert_eq!(it.now.sentence, "nothing: mock took it, and only simulates: nothing was really sent");
    let last = &said(&it)[5..];
    let expected = [
        "an operator did not let it wait for its time, so it was queued",
        "attempt 2 through mock on sms began",
        "attempt 2 through mock on sms was taken",
        "it was delivered",
    ];
    assert_eq!(last, expected);
    assert!(it.route.steps.is_empty(), "it goes nowhere any more");
}

#[tokio::test]
async fn every_other_end_of_the_road_has_its_word() {
    let (house, admin) = furnished().await;
    let mut later = text("later");
    later.scheduled_at = Some(house.room.now() + chrono::TimeDelta::hours(1));
    let later =
        admin.notification_send(soon(), "acme".into(), later, plain()).await.unwrap().unwrap().unwrap().id;
    let it = explained(&admin, later).await;
    assert_eq!((it.now.what.as_str(), it.now.reason.as_deref()), ("time", Some("scheduled")));
    assert_eq!(said(&it), ["it was accepted from acme for sms, to be sent at its time"]);

    let dead = sent(&admin, "dead").await;
    attempt(&house, dead, "permanent", Transition::fail(FailureReason::Permanent)).await;
    let it = explained(&admin, dead).await;
    assert_eq!((it.now.what.as_str(), it.now.reason.as_deref()), ("nothing", Some("permanent")));
    assert_eq!(*said(&it).last().unwrap(), "it was given up: the message was refused for good");

    let doubt = sent(&admin, "doubt").await;
    attempt(&house, doubt, "ambiguous", Transition::hold_in_doubt()).await;
    let it = explained(&admin, doubt).await;
    assert_eq!((it.now.what.as_str(), it.now.reason.as_deref()), ("operator", Some("in_doubt")));
    // It has no time that could be moved, and can be buried.
    let hour = house.room.now() + chrono::TimeDelta::hours(1);
    for changed in [
        admin.notification_postpone(soon(), vec![doubt], hour, plain()).await,
        admin.schedule_run(soon(), vec![doubt], plain()).await,
    ] {
        let error = changed.unwrap().unwrap().remove(0).result.unwrap_err();
        assert!(
            error.code == ErrorCode::Conflict && error.message.contains("held for an operator"),
            "{error:?}"
        );
    }
    admin.notification_bury(soon(), vec![doubt], false, plain()).await.unwrap().unwrap();
    let it = explained(&admin, doubt).await;
    assert_eq!((it.now.what.as_str(), it.now.reason.as_deref()), ("nothing", Some("buried")));

    admin.notification_cancel(soon(), vec![later], plain()).await.unwrap().unwrap();
    assert!(explained(&admin, later).await.now.sentence.contains("revoked"));

    // What failed in this cycle with nobody left to try is about to get a retry, and is not held.
    let spent = sent(&admin, "spent").await;
    attempt(&house, spent, "transient", Transition::fail_over("transient")).await;
    assert_eq!(explained(&admin, spent).await.now.what, "turn");
    *house.engine.circuit.lock().unwrap() = "open";
    assert_eq!(explained(&admin, spent).await.now.what, "decision");
    let nobody = NotificationId::from_bytes([9; 16]);
    assert_eq!(admin.notification_explain(soon(), nobody).await.code(), ErrorCode::NotFound);
}
