//! Queues, and what operators force on them.

use super::fakes::{Refused, because, dry, furnished, hold, pause, plain, soon};
use notify_proto::ErrorCode::{Conflict, Invalid, NotFound};
use notify_proto::HoldKind;
use notify_proto::control::ProviderChange;
use notify_proto::hold::{Force, HoldRequest};
use std::sync::atomic::Ordering;

#[tokio::test]
async fn a_pause_is_shown_wherever_its_provider_is() {
    let (_house, admin) = furnished().await;
    let queue = || async { admin.queue_show(soon(), "mock".into()).await.unwrap().unwrap() };
    assert_eq!((queue().await.state.as_str(), queue().await.waiting, queue().await.busy), ("running", 7, 2));
    let made = admin.hold_set(soon(), pause(), because("carrier maintenance")).await.unwrap().unwrap();
    assert_eq!((made.id.as_str(), made.queue.as_str()), ("hold_1", "mock"));
    assert_eq!(made.reason.as_deref(), Some("carrier maintenance"));
    assert_eq!(made.actor, "ada(uid 1000, pid 42)");
    assert_eq!(made.until, Some(made.made_at + chrono::TimeDelta::minutes(10)));
    assert_eq!(admin.hold_list(soon()).await.unwrap().unwrap(), std::slice::from_ref(&made));
    assert_eq!((queue().await.state.as_str(), queue().await.holds), ("paused", vec![made.clone()]));
    assert_eq!(admin.provider_list(soon()).await.unwrap().unwrap()[0].holds, std::slice::from_ref(&made));
    let concerns = admin.status(soon()).await.unwrap().unwrap().concerns;
    let until = notify_proto::view::rfc3339(made.until.unwrap());
    let told = format!(
        "the queue of provider mock is paused until {until} by ada(uid 1000, pid 42): carrier maintenance"
    );
    assert!(concerns.contains(&told), "{concerns:?}");

    let resumed = admin.queue_resume(soon(), "mock".into(), plain()).await.unwrap().unwrap();
    assert_eq!((resumed.state.as_str(), resumed.holds.len()), ("running", 0));
    assert_eq!(admin.queue_resume(soon(), "mock".into(), plain()).await.code(), Conflict);
    assert_eq!(admin.queue_show(soon(), "nobody".into()).await.code(), NotFound);
}

#[tokio::test]
async fn the_strongest_hold_names_the_state_and_resume_leaves_limits() {
    let (_house, admin) = furnished().await;
    let state = || async { admin.queue_show(soon(), "mock".into()).await.unwrap().unwrap().state };
    let set = |kind, limit| admin.hold_set(soon(), hold("mock", kind, limit), plain());
    for (kind, limit, now) in [
        (HoldKind::Limit, Some(5), "limited"),
        (HoldKind::Drain, None, "draining"),
        (HoldKind::Pause, None, "paused"),
    ] {
        set(kind, limit).await.unwrap().unwrap();
        assert_eq!(state().await, now);
    }
    let queues = admin.queue_list(soon()).await.unwrap().unwrap().queues;
    assert_eq!((queues[0].limit, queues[0].holds.len()), (Some(5), 3));
    let preview = admin.queue_resume(soon(), "mock".into(), dry()).await.unwrap().unwrap();
    assert_eq!((preview.state.as_str(), state().await.as_str()), ("limited", "paused"));
    assert_eq!(admin.queue_resume(soon(), "mock".into(), plain()).await.unwrap().unwrap().state, "limited");
    let left = admin.hold_list(soon()).await.unwrap().unwrap();
    assert!(left.len() == 1 && left[0].limit == Some(5), "{left:?}");
    let refused = admin.queue_resume(soon(), "mock".into(), plain()).await.unwrap().unwrap_err();
    assert!(refused.hint.unwrap().contains("hold cancel"));

    let id = || left[0].id.clone();
    assert_eq!(admin.hold_cancel(soon(), id(), dry()).await.unwrap().unwrap(), left[0]);
    admin.hold_cancel(soon(), id(), plain()).await.unwrap().unwrap();
    assert_eq!(state().await, "running");
    assert_eq!(admin.hold_cancel(soon(), id(), plain()).await.code(), NotFound);
}

#[tokio::test]
async fn a_queue_is_told_from_one_look_at_its_provider() {
    let (house, admin) = furnished().await;
    let before = house.engine.looks.load(Ordering::Relaxed);
    admin.queue_show(soon(), "mock".into()).await.unwrap().unwrap();
    let looks = house.engine.looks.load(Ordering::Relaxed) - before;
    assert_eq!(looks, 1, "a second one could contradict the first");
}

#[tokio::test]
async fn what_is_wrong_with_a_hold_is_said() {
    let (_house, admin) = furnished().await;
    let long = HoldRequest { for_ms: Some(367 * 86_400_000), ..pause() };
    for (request, hint) in [
        (hold("mock", HoldKind::Limit, None), "is missing"),
        (hold("mock", HoldKind::Limit, Some(0)), "from 1 on"),
        (hold("mock", HoldKind::Limit, Some(32)), "32 calls at once by itself"),
        (hold("mock", HoldKind::Pause, Some(3)), "the kind limit alone"),
        (HoldRequest { for_ms: Some(0), ..pause() }, "for: "),
        (long, "366 days"),
    ] {
        let error = admin.hold_set(soon(), request, plain()).await.unwrap().unwrap_err();
        assert!(error.code == Invalid && error.message.contains(hint), "{hint}: {}", error.message);
    }
    let one = ProviderChange { max_in_flight: Some(1), ..ProviderChange::default() };
    admin.provider_update(soon(), "mock".into(), Box::new(one), plain()).await.unwrap().unwrap();
    let least = admin.hold_set(soon(), hold("mock", HoldKind::Limit, Some(1)), plain()).await.unwrap();
    let least = least.unwrap_err();
    assert!(least.code == Invalid && least.message.contains("none is fewer"), "{least:?}");
    assert_eq!(least.hint.as_deref(), Some("notifyctl queue pause mock"));
    assert_eq!(admin.hold_set(soon(), hold("x", HoldKind::Pause, None), plain()).await.code(), NotFound);
    let preview = admin.hold_set(soon(), pause(), dry()).await.unwrap().unwrap();
    assert!(preview.until.is_some());
    assert!(admin.hold_list(soon()).await.unwrap().unwrap().is_empty(), "nothing stands");
}

#[tokio::test]
async fn what_is_forced_already_is_left_alone_unless_somebody_says_for_how_long() {
    let (_house, admin) = furnished().await;
    let set = |request: HoldRequest, change| admin.hold_set(soon(), request, change);
    for (kind, limit, what, end) in [
        (HoldKind::Pause, None, "queue mock is paused already", "notifyctl queue resume mock ends"),
        (HoldKind::Drain, None, "queue mock is draining already", "notifyctl queue resume mock ends"),
        (HoldKind::Limit, Some(3), "queue mock is limited to 3 already", "notifyctl queue hold cancel hold_"),
        (
            HoldKind::CircuitOpen,
            None,
            "circuit of provider mock is held open already",
            "circuit close mock ends",
        ),
    ] {
        let asked = HoldRequest { unless_held: true, ..hold("mock", kind, limit) };
        let first = set(asked.clone(), plain()).await.unwrap().unwrap();
        for change in [plain(), dry()] {
            let error = set(asked.clone(), change).await.unwrap().unwrap_err();
            assert!(error.code == Conflict && error.message.contains(what), "{error:?}");
            assert!(error.message.contains(&first.id) && error.hint.unwrap().contains(end));
        }
        let longer = HoldRequest { for_ms: Some(1_200_000), ..hold("mock", kind, limit) };
        let longer = set(longer, plain()).await.unwrap().unwrap();
        assert!(longer.until > first.until);
        let for_ever = HoldRequest { for_ms: None, ..asked };
        assert_eq!(set(for_ever.clone(), plain()).await.unwrap().unwrap().until, None);
        assert_eq!(set(for_ever, plain()).await.code(), Conflict);
    }
    let fewer = HoldRequest { unless_held: true, ..hold("mock", HoldKind::Limit, Some(2)) };
    assert_eq!(set(fewer, plain()).await.unwrap().unwrap().limit, Some(2), "another limit is another");
}

#[tokio::test]
async fn a_circuit_is_forced_once_and_its_hold_ends_with_it() {
    let (house, admin) = furnished().await;
    let force = |to, change| admin.circuit_force(soon(), "mock".into(), to, change);
    assert_eq!(force(Force::Closed, plain()).await.code(), Conflict, "it is closed already");
    admin.hold_set(soon(), hold("mock", HoldKind::CircuitOpen, None), plain()).await.unwrap().unwrap();
    *house.engine.circuit.lock().unwrap() = "open";
    assert_eq!(force(Force::HalfOpen, dry()).await.unwrap().unwrap().circuit, "half_open");
    assert_eq!(admin.hold_list(soon()).await.unwrap().unwrap().len(), 1);
    let half = force(Force::HalfOpen, because("one try")).await.unwrap().unwrap();
    assert_eq!((half.circuit.as_str(), half.holds.len()), ("half_open", 0));
    assert_eq!(force(Force::Closed, because("vendor says fixed")).await.unwrap().unwrap().circuit, "closed");
    let log = house.on_disk().await;
    for told in ["provider.circuit.half_openmockone try", "provider.circuit.closemockvendor says fixed"] {
        assert!(log.contains(told), "{told}");
    }
}

#[tokio::test]
async fn a_queue_that_no_provider_stands_behind_is_paused_and_resumed() {
    let (house, admin) = furnished().await;
    house.engine.figures.lock().unwrap().telling = (3, 256);
    let queues = admin.queue_list(soon()).await.unwrap().unwrap().queues;
    let names: Vec<_> = queues.iter().map(|it| (it.name.as_str(), it.provider_id.is_some())).collect();
    assert_eq!(names, [("mock", true), ("webhooks", false), ("retries", false), ("scheduled", false)]);
    for queue in ["webhooks", "retries", "scheduled"] {
        let show = || async { admin.queue_show(soon(), queue.into()).await.unwrap().unwrap() };
        let calls = (show().await.busy, show().await.limit);
        assert_eq!(show().await.state, "running");
        assert_eq!(calls, if queue == "webhooks" { (3, Some(256)) } else { (0, None) });
        let asked = HoldRequest { provider: queue.into(), ..pause() };
        let preview = admin.hold_set(soon(), asked.clone(), dry()).await.unwrap().unwrap();
        assert_eq!((preview.queue.as_str(), show().await.holds.len()), (queue, 0));
        let made = admin.hold_set(soon(), asked, because("carrier maintenance")).await.unwrap().unwrap();
        assert_eq!((made.queue.as_str(), made.provider_id), (queue, None));
        assert_eq!((show().await.state.as_str(), show().await.holds), ("paused", vec![made.clone()]));
        let concerns = admin.status(soon()).await.unwrap().unwrap().concerns;
        let told = format!("the queue {queue} is paused until ");
        assert!(concerns.iter().any(|it| it.starts_with(&told)), "{concerns:?}");
        let seen = admin.overview(soon(), None, 0).await.unwrap().unwrap().overview.unwrap();
        assert!(seen.queues.iter().any(|it| it.name == queue && it.state == "paused"));
        assert!(seen.attention.iter().any(|it| it.name == queue), "{:?}", seen.attention);
        let preview = admin.queue_resume(soon(), queue.into(), dry()).await.unwrap().unwrap();
        assert_eq!((preview.state.as_str(), show().await.state.as_str()), ("running", "paused"));
        let resumed = admin.queue_resume(soon(), queue.into(), plain()).await.unwrap().unwrap();
        assert_eq!((resumed.state.as_str(), resumed.holds.len()), ("running", 0));
        assert_eq!(admin.queue_resume(soon(), queue.into(), plain()).await.code(), Conflict);
        for (kind, limit) in [(HoldKind::Limit, Some(1)), (HoldKind::Drain, None), (HoldKind::Disabled, None)]
        {
            let refused =
                admin.hold_set(soon(), hold(queue, kind, limit), plain()).await.unwrap().unwrap_err();
            assert!(refused.code == Invalid && refused.message.starts_with("kind: "), "{refused:?}");
        }
    }
    let log = house.on_disk().await;
    for told in ["queue.pausescheduledcarrier maintenance", "queue.resumeretries"] {
        assert!(log.contains(told), "{told}");
    }
}
