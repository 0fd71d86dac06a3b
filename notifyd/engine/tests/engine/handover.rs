//! A slot changes hands in the transaction that records the answer, and never has more than one call; a few more are claimed
//! ahead.

use crate::ahead::{at_once, begun};
use crate::sim::{World, in_every_world};
use crate::slow::Step;
use notifyd_engine::Options;
use rand::Rng as _;
use serde_json::json;
use std::collections::HashMap;
use std::time::Duration;

/// What the log was asked for, in its order.
#[derive(Debug, PartialEq, Eq)]
enum Said {
    Claimed(i64),
    Settled(i64),
    Recorded(i64),
}

fn said(world: &World) -> Vec<Said> {
    let of = |(_, step): (Duration, Step)| match step {
        Step::Loaded(_) => vec![],
        Step::Claimed(claims) => claims.iter().map(|it| Said::Claimed(it.seq)).collect(),
        Step::Settled(records) => records.iter().map(|it| Said::Settled(it.seq)).collect(),
        Step::Recorded(records) => records.iter().map(|it| Said::Recorded(it.seq)).collect(),
    };
    world.steps().into_iter().flat_map(of).collect()
}

#[test]
fn the_next_is_claimed_when_an_answer_is_recorded_and_no_slot_has_two_calls() {
    in_every_world(async |mut world| {
        let most = world.dice.random_range(1..=5);
        let latency = world.dice.random_range(0..=30);
        let record = world.dir().join("calls");
        let config = json!({"latency_ms": latency, "record_file": record});
        world.provider(|it| (it.max_in_flight, it.config) = (most, config));
        for _ in 0..40 {
            world.send("acme", &json!({}));
        }
        world.start(Options::default());
        world.settled(Duration::from_secs(60)).await;
        world.stop().await;
        let most = usize::try_from(most).unwrap();
        let at_once = at_once(&begun(&record), Duration::from_millis(latency));
        assert!(at_once <= most, "{at_once} calls at once, of at most {most}");
        let (mut calls, mut unrecorded) = (0, 0);
        let mut handed_over = 0;
        let mut seen: HashMap<i64, usize> = HashMap::new();
        for it in said(&world) {
            match it {
                Said::Claimed(seq) => {
                    *seen.entry(seq).or_default() += 1;
                    calls += 1;
                    handed_over += usize::from(unrecorded > 0);
                    assert!(calls <= most + most / 4, "{calls} are claimed, for at most {most} calls");
                }
                Said::Settled(_) => {
                    calls -= 1;
                    unrecorded += 1;
                    assert!(unrecorded <= 2 * most, "{unrecorded} answers wait to be recorded");
                }
                Said::Recorded(_) => unrecorded -= 1,
            }
        }
        assert!(seen.len() == 40 && seen.values().all(|times| *times == 1));
        // A log that is no way off has recorded before anybody could look.
        let overlaps = world.longest_way() > Duration::ZERO;
        assert!(!overlaps || handed_over > 10, "{handed_over} of 40 did not wait for a record");
    });
}
