//! A whole outage on paused time, as the mock's plan tells it: the first provider works, hangs, refuses and works again.
//!
//! In each of two hundred worlds the traffic goes on meanwhile. What was sent through whom is held against the contract:
//! a refused call fails over at once and costs no retry, one without an answer goes to nobody else, the circuit opens and
//! lets through one probe at a time, the first provider takes over again, and nothing is lost.

use crate::sim::{World, in_every_world};
use notify_proto::view::{AttemptView, NotificationDetail};
use notify_proto::{AttemptStatus, ProviderId, Status};
use notifyd_engine::{Handle, Options};
use notifyd_lifecycle::breaker::BreakerRules;
use rand::Rng as _;
use serde_json::json;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

/// How often each was seen, over all worlds: what never happened proves nothing.
static SEEN: [AtomicUsize; 3] = [const { AtomicUsize::new(0) }; 3];

#[derive(Clone, Copy)]
enum What {
    FailedOver,
    InDoubt,
    FailedProbe,
}

fn seen(what: What, count: usize) {
    SEEN[what as usize].fetch_add(count, Ordering::Relaxed);
}

/// How long an open circuit rests.
const OPEN_FOR: Duration = Duration::from_secs(20);

#[test]
fn an_outage_is_survived_and_over() {
    in_every_world(async |mut world| {
        let first = world.provider(|it| {
            it.max_in_flight = 100;
            it.config = json!({"latency_ms": {"min": 5, "max": 200}, "plan": {"steps": [
                {"for_seconds": 10, "outcome": "accepted"},
                {"for_seconds": 2, "outcome": "hang"},
                {"for_seconds": 40, "outcome": "transient", "message": "connection refused"},
            ]}});
        });
        let second = world.provider(|it| {
            (it.priority, it.max_in_flight) = (2, 100);
            it.config = json!({"latency_ms": {"min": 5, "max": 200}});
        });
        let breaker = BreakerRules { open_for: OPEN_FOR, open_for_max: OPEN_FOR, ..BreakerRules::default() };
        let attempt_timeout = Duration::from_secs(5);
        let handle = world.start(Options { breaker, attempt_timeout, ..Options::default() });
        let story = Story::play(&mut world, &handle, first).await;
        world.settled(Duration::from_mins(5)).await;
        story.judge(&world, first, second);
        world.stop().await;
    });
    if std::env::var_os("SEED").is_none() {
        let seen: Vec<_> = SEEN.iter().map(|seen| seen.load(Ordering::Relaxed)).collect();
        assert!(seen.iter().all(|seen| *seen >= 200), "{seen:?}: the case proves little");
    }
}

struct Story {
    /// What was sent, oldest first.
    sent: Vec<notify_proto::NotificationId>,
    /// How many of them before the circuit was seen to close again.
    before_the_end: usize,
    /// The circuit of the first provider, each time it was another.
    circuits: Vec<&'static str>,
}

impl Story {
    /// Keeps sending for 80 seconds.
    async fn play(world: &mut World, handle: &Handle, first: ProviderId) -> Self {
        let mut story = Self { sent: vec![], before_the_end: 0, circuits: vec!["closed"] };
        let end = world.age() + Duration::from_secs(80);
        while world.age() < end {
            story.sent.push(world.send("acme", &json!({"priority": "high"})));
            let pause = world.dice.random_range(100..1_500);
            tokio::time::sleep(Duration::from_millis(pause)).await;
            let circuit = handle.provider_state(first).circuit;
            // A circuit whose time is over is open until its probe is answered.
            let circuit = if circuit == "half_open" { "open" } else { circuit };
            if story.circuits.last() != Some(&circuit) {
                story.circuits.push(circuit);
                story.before_the_end = story.sent.len();
            }
        }
        story
    }

    fn judge(&self, world: &World, first: ProviderId, second: ProviderId) {
        assert_eq!(self.circuits, ["closed", "open", "closed"]);
        let stories: Vec<_> = self.sent.iter().map(|id| world.detail(*id)).collect();
        for story in &stories {
            assert_eq!(story.notification.status.known(), Some(Status::Delivered), "{story:#?}");
            judge_one(story, first, second);
        }
        for story in &stories[self.before_the_end..] {
            assert_eq!(tried(story), [(first, AttemptStatus::Delivered)], "the first has taken over again");
        }
        let mut calls: Vec<_> = stories.iter().flat_map(|story| &story.attempts).collect();
        calls.retain(|attempt| {
            attempt.provider_id == Some(first) && status(attempt) != AttemptStatus::Skipped
        });
        calls.sort_by_key(|attempt| attempt.attempted_at);
        judge_probes(&calls);
    }
}

fn status(attempt: &AttemptView) -> AttemptStatus {
    attempt.status.known().unwrap()
}

/// Who was called, and how it ended.
fn tried(story: &NotificationDetail) -> Vec<(ProviderId, AttemptStatus)> {
    let called = story.attempts.iter().filter(|attempt| status(attempt) != AttemptStatus::Skipped);
    called.map(|attempt| (attempt.provider_id.unwrap(), status(attempt))).collect()
}

fn judge_one(story: &NotificationDetail, first: ProviderId, second: ProviderId) {
    let tried = tried(story);
    let doubtful = tried.iter().filter(|(_, status)| *status == AttemptStatus::InDoubt).count();
    if doubtful > 0 {
        assert!(tried.iter().all(|(provider, _)| *provider == first), "nobody else may send it: {story:#?}");
        assert!(story.notification.possible_duplicate);
        seen(What::InDoubt, 1);
        return;
    }
    assert_eq!(story.notification.retry_count, 0, "{story:#?}");
    let failed_over = [(first, AttemptStatus::Failed), (second, AttemptStatus::Delivered)];
    match tried.as_slice() {
        [(_, AttemptStatus::Delivered)] => {}
        both if both == failed_over => {
            let refused = story.attempts.iter().find(|attempt| attempt.provider_id == Some(first)).unwrap();
            let said = refused.error_message.as_deref();
            assert_eq!(said, Some("mock: simulated transient: connection refused"));
            seen(What::FailedOver, 1);
        }
        _ => panic!("{story:#?}"),
    }
}

/// While the circuit is open the provider rests; then one call finds out, and either it rests again or all is well.
fn judge_probes(calls: &[&AttemptView]) {
    let busy = |one: &&AttemptView, next: &&AttemptView| {
        (next.attempted_at - one.attempted_at).to_std().unwrap_or_default() < OPEN_FOR
    };
    let times: Vec<_> = calls.chunk_by(busy).collect();
    let [before, failed @ .., after] = times.as_slice() else { panic!("it never rested") };
    assert!(before.iter().filter(|call| status(call) != AttemptStatus::Delivered).count() >= 5);
    for probe in failed {
        let ends: Vec<_> = probe.iter().map(|call| status(call)).collect();
        assert_eq!(ends, [AttemptStatus::Failed], "one at a time");
    }
    assert!(after.iter().all(|call| status(call) == AttemptStatus::Delivered));
    seen(What::FailedProbe, failed.len());
}
