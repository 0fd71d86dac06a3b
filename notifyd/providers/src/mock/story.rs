//! How far the mock's plan has got. The story begins with the first call; time is the runtime's, which tests can pause.
//!
//! A step that lasts for some time is followed by the next one at its end, called or not. A step that lasts for some
//! calls waits for them, and the next one begins with the last of them. Calls that a rule for their recipient answers
//! are no calls of the running step.

use super::plan::{Plan, Scene, Span};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

pub(super) struct Story {
    plan: Plan,
    /// How long one round takes, when only time moves it on and it is repeated.
    round: Option<Duration>,
    place: Mutex<Place>,
}

/// Where it stands.
#[derive(Default)]
struct Place {
    /// Calls that each rule has answered.
    answered: Vec<u32>,
    /// The running step; past the last one when the story is over.
    step: usize,
    /// When that one began; nothing before the first call.
    since: Option<Instant>,
    /// Calls it has answered.
    calls: u32,
}

impl Story {
    pub(super) fn new(plan: Plan) -> Self {
        let times = plan.steps.iter().map(|step| match step.span {
            Span::Time(time) => Some(time),
            Span::Calls(_) => None,
        });
        let round = times.sum::<Option<Duration>>().filter(|round| plan.repeat && !round.is_zero());
        let place = Place { answered: vec![0; plan.recipients.len()], ..Place::default() };
        Self { plan, round, place: Mutex::new(place) }
    }

    /// Counts a call; says what it meets, unless that is left to the flat settings.
    pub(super) fn next(&self, to: &[String]) -> Option<&Scene> {
        let now = Instant::now();
        let mut place = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        self.move_on(&mut place, now);
        for (rule, answered) in self.plan.recipients.iter().zip(&mut place.answered) {
            let left = rule.times.is_none_or(|times| *answered < times);
            if left && to.iter().any(|address| rule.to.fits(address)) {
                *answered = answered.saturating_add(1);
                return Some(&rule.scene);
            }
        }
        let step = self.plan.steps.get(place.step)?;
        place.calls = place.calls.saturating_add(1);
        if step.span == Span::Calls(place.calls) {
            self.begin_next(&mut place, now);
        }
        Some(&step.scene)
    }

    /// Leaves the steps whose time is over.
    fn move_on(&self, place: &mut Place, now: Instant) {
        let mut since = *place.since.get_or_insert(now);
        if let Some(round) = self.round {
            // Whole rounds that nobody saw are not walked through one by one.
            let left = now.duration_since(since).as_nanos() % round.as_nanos();
            since = now.checked_sub(Duration::from_nanos_u128(left)).unwrap_or(now);
            place.since = Some(since);
        }
        while let Some(Span::Time(time)) = self.plan.steps.get(place.step).map(|step| step.span) {
            if now.duration_since(since) < time {
                return;
            }
            since += time;
            self.begin_next(place, since);
        }
    }

    fn begin_next(&self, place: &mut Place, at: Instant) {
        let next = place.step + 1;
        let step = if self.plan.repeat && next == self.plan.steps.len() { 0 } else { next };
        (place.step, place.since, place.calls) = (step, Some(at), 0);
    }
}
