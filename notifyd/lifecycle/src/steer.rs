//! What an operator wants of a notification that waits: another time, no more waiting, or an end to it. Whoever carries it
//! out and whoever only says what would happen ask the same rules.

use crate::admission::MAX_AHEAD;
use crate::transition::{Budget, Transition};
use notify_proto::view::rfc3339;
use notify_proto::{FailureReason, ProviderId, Status, Timestamp, WebhookEvent};
use serde::{Deserialize, Serialize};

/// Another try, as an operator wants it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Again {
    /// Not before; at once when there is none.
    pub at: Option<Timestamp>,
    /// By this provider alone, in a fresh cycle.
    pub provider: Option<ProviderId>,
    /// With a fresh budget of retries. What has ended gets one in any case.
    pub reset: bool,
}

/// What is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wish {
    /// Whatever it waits for: not before this moment, which is later than its time so far.
    Postpone(Timestamp),
    /// What waits for a time gets this one, sooner or later.
    Move(Timestamp),
    /// What waits for a time is due now.
    RunNow,
    /// What has ended, is held or waits for a retry is tried again.
    Retry(Again),
    /// To the dead letters.
    Bury {
        /// Whether the webhooks of its service are told that it failed.
        notify: bool,
    },
}

/// What the rules need to know of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Where it stands.
    pub status: Status,
    /// What it waits for, when it waits for a time.
    pub due_at: Option<Timestamp>,
    /// Not after.
    pub expires_at: Option<Timestamp>,
    /// Why it was given up.
    pub failure: Option<FailureReason>,
}

/// What follows from a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// This step is to be taken.
    Take(Transition),
    /// It is so already.
    Already,
}

/// Why a wish cannot be granted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// It is final.
    #[error("it is {0} and cannot be {1}")]
    Final(Status, &'static str),
    /// An attempt is under way, and its outcome decides.
    #[error("it is being sent and cannot be {0}: the outcome of the attempt under way decides")]
    Sending(&'static str),
    /// Somebody has to decide what becomes of it first.
    #[error("it is held for an operator to decide, so it waits for no time and cannot be {0}")]
    Held(&'static str),
    /// It was not tried yet.
    #[error("it is scheduled for {} and was not tried yet, so there is nothing to retry", rfc3339(*.0))]
    Scheduled(Timestamp),
    /// The provider that shall try it cannot.
    #[error("the provider serves none of its channels for which it has an address")]
    Unserved,
    /// It is due, and waits for its turn.
    #[error("it is queued: it waits for its turn and not for a time, so it cannot be {0}")]
    Queued(&'static str),
    /// The moment is no later than its time so far.
    #[error("its time is {} already; it can only be postponed to a later one", rfc3339(*.0))]
    NoLater(Timestamp),
    /// It would expire before that.
    #[error("it expires at {}, before it would be sent", rfc3339(*.0))]
    Expires(Timestamp),
    /// The moment has passed.
    #[error("{} has passed; give a time ahead", rfc3339(*.0))]
    Past(Timestamp),
    /// The moment is further ahead than anything may be scheduled.
    #[error("{} is too far ahead: a time is within {} days", rfc3339(*.0), MAX_AHEAD.num_days())]
    TooFar(Timestamp),
}

use Status::{Cancelled, Delivered, Failed, Pending, Queued, Retrying, Sending};

impl Wish {
    /// What it does to a notification, as in "cannot be postponed".
    pub const fn done(self) -> &'static str {
        match self {
            Self::Postpone(_) => "postponed",
            Self::Move(_) => "moved",
            Self::RunNow => "run now",
            Self::Retry(_) => "retried",
            Self::Bury { .. } => "buried",
        }
    }

    /// The moment that is wished for.
    pub const fn at(self) -> Option<Timestamp> {
        match self {
            Self::Postpone(at) | Self::Move(at) => Some(at),
            Self::Retry(again) => again.at,
            Self::RunNow | Self::Bury { .. } => None,
        }
    }

    /// What webhooks are told when it is granted, besides what they are told of every step of its kind.
    pub const fn tells(self) -> Option<WebhookEvent> {
        match self {
            Self::Bury { notify: true } => Some(WebhookEvent::Failed),
            Self::Bury { notify: false }
            | Self::Postpone(_)
            | Self::Move(_)
            | Self::RunNow
            | Self::Retry(_) => None,
        }
    }

    /// Whether anything can be given the moment that is wished for.
    pub fn fits(self, now: Timestamp) -> Result<(), Refusal> {
        match self.at() {
            Some(at) if at <= now => Err(Refusal::Past(at)),
            Some(at) if at > now + MAX_AHEAD => Err(Refusal::TooFar(at)),
            _ => Ok(()),
        }
    }

    /// What follows for a notification.
    pub fn judge(self, it: &Waiting, now: Timestamp) -> Result<Verdict, Refusal> {
        let done = self.done();
        if let Self::Retry(again) = self {
            return again.judge(it, now);
        }
        match (self, it.status) {
            (Self::Bury { .. }, Failed) if it.failure == Some(FailureReason::Buried) => {
                return Ok(Verdict::Already);
            }
            (_, status) if status.is_final() => return Err(Refusal::Final(status, done)),
            (_, Sending) => return Err(Refusal::Sending(done)),
            (Self::Bury { .. }, _) => return Ok(Verdict::Take(Transition::bury())),
            (Self::RunNow, Queued) => return Ok(Verdict::Already),
            (Self::Move(_), Queued) => return Err(Refusal::Queued(done)),
            (_, Pending) if it.due_at.is_none() => return Err(Refusal::Held(done)),
            _ => {}
        }
        let Some(at) = self.at() else { return Ok(Verdict::Take(Transition::run_now())) };
        if it.due_at == Some(at) {
            return Ok(Verdict::Already);
        }
        self.fits(now)?;
        it.lives_until(at)?;
        Ok(Verdict::Take(match (self, it.status, it.due_at) {
            (Self::Postpone(_), _, Some(due)) if at < due => return Err(Refusal::NoLater(due)),
            (Self::Postpone(_), Retrying, _) => Transition::postpone_retry(at),
            (Self::Postpone(_), ..) => Transition::postpone(at),
            (_, Retrying, _) => Transition::move_retry(at),
            _ => Transition::move_to(at),
        }))
    }
}

impl Again {
    /// Whether it is another try than the one that would come anyway.
    const fn differs(self) -> bool {
        self.provider.is_some() || self.reset
    }

    /// Whether a step of it begins the cycle anew: everybody may be asked, on every channel.
    pub const fn restarts(self, step: &Transition) -> bool {
        self.provider.is_some() || matches!(step.budget(), Budget::Reset)
    }

    fn judge(self, it: &Waiting, now: Timestamp) -> Result<Verdict, Refusal> {
        let done = Wish::Retry(self).done();
        let step = match (it.status, it.due_at, self.at) {
            (Delivered, ..) => return Err(Refusal::Final(it.status, done)),
            (Sending, ..) => return Err(Refusal::Sending(done)),
            (Pending, Some(due), _) => return Err(Refusal::Scheduled(due)),
            (Queued, _, None) | (Retrying, Some(_), Some(_)) if !self.differs() && it.due_at == self.at => {
                return Ok(Verdict::Already);
            }
            (Failed | Cancelled | Pending, _, None) => Transition::operator_retry(),
            (Failed | Cancelled | Pending, _, Some(at)) => Transition::operator_retry_at(at),
            (Queued | Retrying, _, None) => Transition::run_now(),
            (Queued, _, Some(at)) => Transition::postpone(at),
            (Retrying, _, Some(at)) => Transition::move_retry(at),
        };
        Wish::Retry(self).fits(now)?;
        if let Some(at) = self.at {
            // An expiry that has passed is what it died of, and ends with it.
            it.expires_at.filter(|expires| *expires > now).map_or(Ok(()), |_| it.lives_until(at))?;
        }
        Ok(Verdict::Take(if self.reset { step.renewed() } else { step }))
    }
}

impl Waiting {
    fn lives_until(&self, at: Timestamp) -> Result<(), Refusal> {
        self.expires_at.filter(|expires| *expires <= at).map_or(Ok(()), |it| Err(Refusal::Expires(it)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;

    const BURY: Wish = Wish::Bury { notify: false };

    fn at(minutes: i64) -> Timestamp {
        Timestamp::from_timestamp(1_800_000_000, 0).unwrap() + TimeDelta::minutes(minutes)
    }

    fn waiting(status: Status, due: Option<i64>) -> Waiting {
        Waiting { status, due_at: due.map(at), expires_at: None, failure: None }
    }

    /// The step and where it leads, or the refusal.
    fn judged(wish: Wish, it: Waiting) -> String {
        match wish.judge(&it, at(0)) {
            Ok(Verdict::Take(step)) => {
                assert!(step.allows(it.status), "{wish:?} {it:?}");
                assert_eq!(step.due_at(), wish.at());
                format!("{} -> {}", step.event(), step.to())
            }
            Ok(Verdict::Already) => "already".into(),
            Err(refusal) => format!("{refusal:?}").split('(').next().unwrap().to_owned(),
        }
    }

    #[test]
    fn each_wish_has_its_answer_in_each_status() {
        let (postpone, sooner, later) = (Wish::Postpone(at(20)), Wish::Move(at(5)), Wish::Move(at(20)));
        let cases = [
            (
                waiting(Pending, Some(10)),
                [
                    "postponed -> pending",
                    "moved -> pending",
                    "moved -> pending",
                    "run_now -> queued",
                    "buried -> failed",
                ],
            ),
            (
                waiting(Retrying, Some(10)),
                [
                    "postponed -> retrying",
                    "moved -> retrying",
                    "moved -> retrying",
                    "run_now -> queued",
                    "buried -> failed",
                ],
            ),
            (
                waiting(Queued, None),
                ["postponed -> pending", "Queued", "Queued", "already", "buried -> failed"],
            ),
            (waiting(Pending, None), ["Held", "Held", "Held", "Held", "buried -> failed"]),
            (waiting(Sending, None), ["Sending"; 5]),
            (waiting(Status::Delivered, None), ["Final"; 5]),
            (waiting(Status::Cancelled, None), ["Final"; 5]),
            (waiting(Failed, None), ["Final"; 5]),
        ];
        for (it, expected) in cases {
            let told = [postpone, sooner, later, Wish::RunNow, BURY].map(|wish| judged(wish, it));
            assert_eq!(told, expected, "{it:?}");
        }
    }

    #[test]
    fn another_try_has_its_answer_in_each_status() {
        let plain = Again::default();
        let later = Again { at: Some(at(20)), ..plain };
        let other = Again { provider: Some(ProviderId::from_bytes([7; 16])), ..plain };
        let fresh = Again { reset: true, ..plain };
        let cases = [
            (waiting(Failed, None), ["operator_retry -> queued", "operator_retry -> pending"]),
            (waiting(Cancelled, None), ["operator_retry -> queued", "operator_retry -> pending"]),
            (waiting(Pending, None), ["operator_retry -> queued", "operator_retry -> pending"]),
            (waiting(Retrying, Some(10)), ["run_now -> queued", "moved -> retrying"]),
            (waiting(Queued, None), ["already", "postponed -> pending"]),
            (waiting(Pending, Some(10)), ["Scheduled"; 2]),
            (waiting(Sending, None), ["Sending"; 2]),
            (waiting(Delivered, None), ["Final"; 2]),
        ];
        for (it, expected) in cases {
            assert_eq!([plain, later].map(|again| judged(Wish::Retry(again), it)), expected, "{it:?}");
            for changed in [other, fresh] {
                let told = judged(Wish::Retry(changed), it);
                let same = if it.status == Queued { "run_now -> queued" } else { expected[0] };
                assert_eq!(told, same, "what is queued is queued again for it: {it:?}");
            }
        }
        let same = waiting(Retrying, Some(20));
        assert_eq!(judged(Wish::Retry(later), same), "already");
        assert_eq!(judged(Wish::Retry(Again { reset: true, ..later }), same), "moved -> retrying");
    }

    #[test]
    fn a_budget_is_fresh_for_what_has_ended_and_for_whom_it_is_wished() {
        let step = |again: Again, it| match again.judge(&it, at(0)) {
            Ok(Verdict::Take(step)) => (step.budget() == Budget::Reset, again.restarts(&step)),
            other => panic!("{other:?}"),
        };
        let (plain, dead, retrying) = (Again::default(), waiting(Failed, None), waiting(Retrying, Some(10)));
        assert_eq!(step(plain, dead), (true, true));
        assert_eq!(step(plain, retrying), (false, false), "it goes on where it has got to");
        assert_eq!(step(Again { reset: true, ..plain }, retrying), (true, true));
        let other = Again { provider: Some(ProviderId::from_bytes([7; 16])), ..plain };
        assert_eq!(step(other, retrying), (false, true), "another provider is no reason for more retries");
    }

    #[test]
    fn an_expiry_that_has_passed_does_not_stand_in_the_way_of_another_try() {
        let later = Wish::Retry(Again { at: Some(at(20)), ..Again::default() });
        let dead = |minutes| Waiting { expires_at: Some(at(minutes)), ..waiting(Failed, None) };
        assert_eq!(judged(later, dead(-1)), "operator_retry -> pending");
        assert_eq!(judged(later, dead(10)), "Expires");
        assert_eq!(judged(later, dead(21)), "operator_retry -> pending");
        assert_eq!(judged(Wish::Retry(Again { at: Some(at(-1)), ..Again::default() }), dead(21)), "Past");
    }

    #[test]
    fn what_is_so_already_is_left_alone() {
        let due = waiting(Retrying, Some(10));
        assert_eq!(judged(Wish::Postpone(at(10)), due), "already");
        assert_eq!(judged(Wish::Move(at(10)), due), "already");
        let buried = Waiting { failure: Some(FailureReason::Buried), ..waiting(Failed, None) };
        assert_eq!(judged(BURY, buried), "already");
        assert_eq!(judged(Wish::RunNow, buried), "Final");
    }

    #[test]
    fn webhooks_are_told_of_a_burial_only_when_that_is_wished() {
        let aloud = Wish::Bury { notify: true };
        let wishes = [Wish::Postpone(at(20)), Wish::Move(at(20)), Wish::RunNow, BURY, aloud];
        assert_eq!(wishes.map(Wish::tells), [None, None, None, None, Some(WebhookEvent::Failed)]);
        let queued = waiting(Queued, None);
        assert_eq!(aloud.judge(&queued, at(0)), BURY.judge(&queued, at(0)), "the step is the same");
    }

    #[test]
    fn a_time_lies_ahead_and_before_the_expiry_and_a_postponement_after_the_time_so_far() {
        let due = waiting(Pending, Some(10));
        assert_eq!(judged(Wish::Postpone(at(5)), due), "NoLater");
        for wish in [Wish::Postpone(at(0)), Wish::Move(at(-1))] {
            assert_eq!(judged(wish, due), "Past");
        }
        let far = at(0) + MAX_AHEAD + TimeDelta::seconds(1);
        assert_eq!(judged(Wish::Move(far), due), "TooFar");
        assert_eq!(Wish::Move(far).fits(at(0)), Err(Refusal::TooFar(far)));
        assert_eq!(Wish::Postpone(at(0)).fits(at(0)), Err(Refusal::Past(at(0))));
        assert!([Wish::Postpone(at(1)), Wish::RunNow, BURY].iter().all(|it| it.fits(at(0)).is_ok()));
        let expiring = Waiting { expires_at: Some(at(20)), ..due };
        assert_eq!(judged(Wish::Move(at(20)), expiring), "Expires");
        assert_eq!(judged(Wish::Move(at(19)), expiring), "moved -> pending");
    }

    #[test]
    fn refusals_say_what_is_in_the_way() {
        let says = |wish: Wish, it| wish.judge(&it, at(0)).unwrap_err().to_string();
        assert_eq!(
            says(BURY, waiting(Sending, None)),
            "it is being sent and cannot be buried: the outcome of the attempt under way decides"
        );
        assert_eq!(
            says(Wish::Postpone(at(5)), waiting(Pending, Some(10))),
            "its time is 2027-01-15T08:10:00.000Z already; it can only be postponed to a later one"
        );
        assert_eq!(
            says(Wish::RunNow, waiting(Status::Delivered, None)),
            "it is delivered and cannot be run now"
        );
    }
}
