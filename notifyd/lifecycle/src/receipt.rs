//! What a provider says of a message after it has taken it, and what follows from that.
//!
//! A receipt is about one attempt, and the first one that says how it ended counts: doubles change nothing, and what
//! contradicts it is an event of the story. So receipts may come late, twice, in any order, and for nobody.
//!
//! What an attempt came to is what a receipt says of it; what the notification comes to follows from the two:
//!
//! | the notification is | it arrived | it did not |
//! |---|---|---|
//! | delivered, as the provider took it | proved | failed, if this is the attempt that was taken |
//! | delivered, and proved | an event | an event |
//! | held, as this attempt is in doubt | delivered and proved | the next candidate is tried |
//! | waiting for its time or its turn | delivered and proved | goes on, and others may try it too |
//! | failed or cancelled | an event | an event |
//! | being sent | asked again later | asked again later |

use crate::decide::Progress;
use crate::outcome::tidy;
use crate::transition::Transition;
use notify_proto::{
    AttemptStatus, DeliveryProof, NotificationId, ProviderId, ReceiptStatus, Says, Status, Timestamp,
};

/// Which attempt a receipt is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reference {
    /// The one to which the provider gave this id.
    Message(String),
    /// The one that was made under this reference of ours, which needs no answer to be known.
    Attempt(NotificationId, u32),
}

/// What a provider said later.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// Of what.
    pub of: Reference,
    /// What.
    pub says: Says,
    /// Why, in the provider's words; at most 2 KiB.
    pub reason: Option<String>,
    /// When it was heard.
    pub at: Timestamp,
}

impl Receipt {
    /// A receipt; the reason is cut and loses control characters.
    pub fn new(of: Reference, says: Says, reason: Option<&str>, at: Timestamp) -> Self {
        Self { of, says, reason: reason.map(tidy), at }
    }
}

/// Where the notification and its attempt stand when a receipt is looked at.
#[derive(Debug, Clone, Copy)]
pub struct Standing {
    /// Of the notification.
    pub status: Status,
    /// What proves its delivery so far.
    pub proof: Option<DeliveryProof>,
    /// Whether it is held for an operator because of an attempt in doubt.
    pub held_in_doubt: bool,
    /// How the attempt ended.
    pub attempt: AttemptStatus,
    /// Whether there was none after it.
    pub last: bool,
    /// Where and through whom it was made: the position of its channel in the plan.
    pub tried: Option<(usize, ProviderId)>,
    /// What receipts have said of it.
    pub heard: Option<ReceiptStatus>,
}

/// What follows from a receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Not to be said yet: an attempt is under way.
    Later,
    /// Nothing: it was said before.
    Known,
    /// This.
    Heard(Heard),
}

/// What follows from a receipt that says something new.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What receipts have said of the attempt from now on.
    pub heard: ReceiptStatus,
    /// How the attempt ended, as far as is known now.
    pub attempt: AttemptStatus,
    /// The step of the notification.
    pub transition: Transition,
}

/// Decides. The progress is that of the notification.
pub fn judge(says: Says, standing: &Standing, progress: &mut Progress) -> Verdict {
    let under_way = standing.attempt == AttemptStatus::Started || standing.status == Status::Sending;
    let heard = match (standing.heard, says) {
        // Nothing was sent, so there is nothing to be said of it.
        _ if standing.attempt == AttemptStatus::Skipped => return Verdict::Known,
        _ if under_way => return Verdict::Later,
        (Some(ReceiptStatus::Contradicted), _)
        | (Some(ReceiptStatus::Delivered), Says::Delivered)
        | (Some(ReceiptStatus::Undelivered), Says::Undelivered) => return Verdict::Known,
        (Some(ReceiptStatus::Delivered | ReceiptStatus::Undelivered), _) => ReceiptStatus::Contradicted,
        (None | Some(ReceiptStatus::Awaited), Says::Delivered) => ReceiptStatus::Delivered,
        (None | Some(ReceiptStatus::Awaited), Says::Undelivered) => ReceiptStatus::Undelivered,
    };
    let noted = Transition::hear(standing.status, heard);
    let (attempt, transition) = match heard {
        ReceiptStatus::Delivered => {
            (AttemptStatus::Delivered, arrived(standing.status, standing.proof).unwrap_or(noted))
        }
        ReceiptStatus::Undelivered => {
            let settled = match standing.attempt {
                AttemptStatus::InDoubt => AttemptStatus::Failed,
                // That the provider took it stays true.
                ended => ended,
            };
            (settled, lost(standing, progress).unwrap_or(noted))
        }
        ReceiptStatus::Contradicted | ReceiptStatus::Awaited => (standing.attempt, noted),
    };
    Verdict::Heard(Heard { heard, attempt, transition })
}

/// An attempt arrived.
fn arrived(status: Status, proof: Option<DeliveryProof>) -> Option<Transition> {
    match status {
        Status::Delivered if proof != Some(DeliveryProof::Receipt) => Some(Transition::confirm()),
        Status::Pending | Status::Queued | Status::Retrying => Some(Transition::arrived()),
        Status::Sending | Status::Delivered | Status::Failed | Status::Cancelled => None,
    }
}

/// An attempt did not arrive. One that was in doubt has failed by that, and goes on as one that failed at once: whoever
/// else could take it may.
fn lost(standing: &Standing, progress: &mut Progress) -> Option<Transition> {
    let taken = standing.attempt == AttemptStatus::Delivered && standing.last;
    if standing.status == Status::Delivered {
        let open = standing.proof != Some(DeliveryProof::Receipt);
        return (taken && open).then(Transition::refute);
    }
    if standing.attempt != AttemptStatus::InDoubt || standing.status.is_final() {
        return None;
    }
    if progress.only.is_some() && progress.only == standing.tried {
        progress.only = None;
    }
    if !(standing.held_in_doubt && standing.last && standing.status == Status::Pending) {
        return None;
    }
    if let Some((channel, provider)) = standing.tried
        && (progress.channel != channel || !progress.tried.contains(&provider))
    {
        progress.note_attempt(channel, provider);
    }
    progress.cost = true;
    Some(Transition::resume())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn provider() -> ProviderId {
        ProviderId::from_bytes([1; 16])
    }

    fn taken() -> Standing {
        Standing {
            status: Status::Delivered,
            proof: Some(DeliveryProof::Accepted),
            held_in_doubt: false,
            attempt: AttemptStatus::Delivered,
            last: true,
            tried: Some((0, provider())),
            heard: Some(ReceiptStatus::Awaited),
        }
    }

    fn in_doubt(status: Status) -> Standing {
        let (proof, heard) = (None, None);
        Standing { status, proof, heard, attempt: AttemptStatus::InDoubt, ..taken() }
    }

    fn heard(says: Says, standing: &Standing, progress: &mut Progress) -> Heard {
        match judge(says, standing, progress) {
            Verdict::Heard(heard) => heard,
            other => panic!("{other:?}"),
        }
    }

    fn step(says: Says, standing: &Standing) -> Transition {
        heard(says, standing, &mut Progress::default()).transition
    }

    #[test]
    fn what_was_taken_is_proved_or_fails() {
        assert_eq!(step(Says::Delivered, &taken()), Transition::confirm());
        let lost = heard(Says::Undelivered, &taken(), &mut Progress::default());
        assert_eq!(lost.transition, Transition::refute());
        assert_eq!((lost.attempt, lost.heard), (AttemptStatus::Delivered, ReceiptStatus::Undelivered));
        let earlier = Standing { last: false, ..taken() };
        assert_eq!(step(Says::Undelivered, &earlier).event(), "receipt", "another one was taken since");
        let proved = Standing { proof: Some(DeliveryProof::Receipt), heard: None, ..taken() };
        assert_eq!(step(Says::Undelivered, &proved).event(), "receipt", "another one has arrived");
    }

    #[test]
    fn what_is_in_doubt_is_settled() {
        for status in [Status::Pending, Status::Queued, Status::Retrying] {
            let settled = heard(Says::Delivered, &in_doubt(status), &mut Progress::default());
            assert_eq!(
                (settled.transition, settled.attempt),
                (Transition::arrived(), AttemptStatus::Delivered)
            );
            let mut progress = Progress { only: Some((0, provider())), ..Progress::default() };
            let settled = heard(Says::Undelivered, &in_doubt(status), &mut progress);
            assert_eq!((settled.transition.event(), settled.attempt), ("receipt", AttemptStatus::Failed));
            assert_eq!(progress, Progress::default(), "anybody may send it now");
        }
        let held = Standing { held_in_doubt: true, ..in_doubt(Status::Pending) };
        let mut progress = Progress::default();
        assert_eq!(heard(Says::Undelivered, &held, &mut progress).transition, Transition::resume());
        assert!(progress.cost && progress.tried == [provider()] && progress.only.is_none());
        let mut noted = Progress { tried: vec![provider()], ..Progress::default() };
        heard(Says::Undelivered, &held, &mut noted);
        assert_eq!(noted, progress, "it was tried once");
    }

    #[test]
    fn what_is_under_way_is_asked_again_and_what_has_ended_stays() {
        for says in Says::ALL.iter().copied() {
            let sending = in_doubt(Status::Sending);
            assert_eq!(judge(says, &sending, &mut Progress::default()), Verdict::Later);
            let started = Standing { attempt: AttemptStatus::Started, ..sending };
            assert_eq!(judge(says, &started, &mut Progress::default()), Verdict::Later);
            for status in [Status::Failed, Status::Cancelled] {
                let noted = step(says, &in_doubt(status));
                assert_eq!((noted.to(), noted.event()), (status, "receipt"));
            }
        }
    }

    fn any_standing() -> impl Strategy<Value = Standing> {
        let proof = prop::option::of(prop::sample::select(DeliveryProof::ALL));
        let heard = prop::option::of(prop::sample::select(ReceiptStatus::ALL));
        let ends = (prop::sample::select(Status::ALL), prop::sample::select(AttemptStatus::ALL));
        (ends, proof, heard, any::<bool>(), any::<bool>()).prop_map(
            |((status, attempt), proof, heard, held_in_doubt, last)| {
                let tried = Some((0, provider()));
                Standing { status, proof, held_in_doubt, attempt, last, tried, heard }
            },
        )
    }

    /// Takes it, as the log does.
    fn obey(standing: &mut Standing, heard: &Heard) {
        assert!(heard.transition.allows(standing.status), "{heard:?}");
        standing.proof = match heard.transition.event() {
            "receipt" => standing.proof,
            _ => heard.transition.proof(),
        };
        (standing.status, standing.attempt) = (heard.transition.to(), heard.attempt);
        (standing.heard, standing.held_in_doubt) = (Some(heard.heard), false);
    }

    proptest! {
        /// However many there are and in which order: the first word counts, and each step is one that is allowed.
        #[test]
        fn the_first_word_counts(mut standing in any_standing(), words in prop::collection::vec(prop::sample::select(Says::ALL), 1..8)) {
            let mut first = None;
            let before = standing.heard;
            for says in &words {
                let is = standing;
                match judge(*says, &is, &mut Progress::default()) {
                    Verdict::Later => prop_assert!(is.status == Status::Sending || is.attempt == AttemptStatus::Started),
                    Verdict::Known => prop_assert!(is.attempt == AttemptStatus::Skipped || is.heard.is_some()),
                    Verdict::Heard(heard) => {
                        obey(&mut standing, &heard);
                        if heard.heard == ReceiptStatus::Contradicted {
                            prop_assert_eq!((standing.status, standing.attempt, standing.proof), (is.status, is.attempt, is.proof));
                        } else {
                            prop_assert!(first.is_none(), "only the first says how it ended");
                            prop_assert!(matches!(before, None | Some(ReceiptStatus::Awaited)));
                            first = Some(*says);
                        }
                        if standing.status == Status::Failed && is.status != Status::Failed {
                            prop_assert!(is.status == Status::Delivered && is.last && *says == Says::Undelivered);
                        }
                        prop_assert!(is.status != Status::Failed || standing.status == Status::Failed);
                        prop_assert!(is.status != Status::Cancelled || standing.status == Status::Cancelled);
                    }
                }
                // A double changes nothing.
                let again = judge(*says, &standing, &mut Progress::default());
                prop_assert!(!matches!(again, Verdict::Heard(_)), "{:?}", again);
            }
        }
    }
}
