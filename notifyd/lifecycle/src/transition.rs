//! The transitions a notification may make. Each exists only as a named constructor here; the store applies one by
//! compare-and-set on the status it starts from and writes one event with its reason.

use notify_proto::{DeliveryProof, FailureReason, ReceiptStatus, Says, SkipReason, Status, Timestamp};

/// What the budget of retries does in a transition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Budget {
    /// Nothing.
    Keep,
    /// One retry is spent.
    Spend,
    /// An operator gives a fresh one.
    Reset,
}

/// One allowed step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Transition {
    from: &'static [Status],
    to: Status,
    event: &'static str,
    reason: Option<&'static str>,
    due_at: Option<Timestamp>,
    failure: Option<FailureReason>,
    proof: Option<DeliveryProof>,
    budget: Budget,
}

use Status::{Cancelled, Delivered, Failed, Pending, Queued, Retrying, Sending};

impl Transition {
    const fn new(from: &'static [Status], to: Status, event: &'static str) -> Self {
        Self { from, to, event, reason: None, due_at: None, failure: None, proof: None, budget: Budget::Keep }
    }

    const fn due(mut self, at: Timestamp) -> Self {
        self.due_at = Some(at);
        self
    }

    /// Accepted and due at once.
    pub const fn accept() -> Self {
        Self::new(&[], Queued, "created")
    }

    /// Accepted, not before `at`.
    pub const fn schedule(at: Timestamp) -> Self {
        let mut it = Self::new(&[], Pending, "created");
        it.due_at = Some(at);
        it
    }

    /// Its time has come.
    pub const fn release() -> Self {
        Self::new(&[Pending, Retrying], Queued, "released")
    }

    /// A free slot takes it: an attempt is written down before the provider is called.
    pub const fn claim() -> Self {
        Self::new(&[Queued], Sending, "claimed")
    }

    /// The provider took it.
    pub const fn deliver() -> Self {
        let mut it = Self::new(&[Sending], Delivered, "delivered");
        it.proof = Some(DeliveryProof::Accepted);
        it
    }

    /// The attempt failed and the next candidate is tried at once, in the same cycle.
    pub const fn fail_over(reason: &'static str) -> Self {
        let mut it = Self::new(&[Sending], Queued, "failed_over");
        it.reason = Some(reason);
        it
    }

    /// The cycle failed; the next begins at `at` and costs one retry.
    pub const fn retry_at(at: Timestamp, reason: &'static str) -> Self {
        let mut it = Self::new(&[Sending, Queued], Retrying, "retry_scheduled");
        it.reason = Some(reason);
        it.due_at = Some(at);
        it.budget = Budget::Spend;
        it
    }

    /// Nothing could be tried: back to the queue, no retry spent.
    pub const fn hold(reason: SkipReason) -> Self {
        let mut it = Self::new(&[Sending, Queued], Queued, "held");
        it.reason = Some(reason.as_str());
        it
    }

    /// An attempt's end is unknown and the policy wants an operator to decide: kept without a time.
    pub const fn hold_in_doubt() -> Self {
        let mut it = Self::new(&[Sending], Pending, "held");
        it.reason = Some("in_doubt");
        it
    }

    /// The log is a restored copy: nobody knows whether it was sent since. Kept without a time, for an operator.
    pub const fn hold_restored() -> Self {
        let mut it = Self::new(&[Pending, Queued, Sending, Retrying], Pending, "held");
        it.reason = Some("restored");
        it
    }

    /// Another run of the daemon died while sending it: to be sent again at once, flagged as a possible duplicate. No
    /// retry is spent, since no provider is at fault.
    pub const fn interrupted() -> Self {
        let mut it = Self::new(&[Sending], Queued, "interrupted");
        it.reason = Some("in_doubt");
        it
    }

    /// Gave up.
    pub const fn fail(why: FailureReason) -> Self {
        let mut it = Self::new(&[Sending, Queued], Failed, "failed");
        it.failure = Some(why);
        it.reason = Some(why.as_str());
        it
    }

    /// `expires_at` passed before it was sent.
    pub const fn expire() -> Self {
        let mut it = Self::new(&[Pending, Queued, Retrying], Failed, "failed");
        it.failure = Some(FailureReason::Expired);
        it.reason = Some(FailureReason::Expired.as_str());
        it
    }

    /// Revoked before it was sent.
    pub const fn cancel() -> Self {
        Self::new(&[Pending, Queued, Retrying], Cancelled, "cancelled")
    }

    /// An operator starts a dead letter, or one held in doubt, again with a fresh budget.
    pub const fn operator_retry() -> Self {
        let mut it = Self::new(&[Failed, Cancelled, Pending], Queued, "operator_retry");
        it.budget = Budget::Reset;
        it
    }

    /// The same, not before `at`.
    pub const fn operator_retry_at(at: Timestamp) -> Self {
        let mut it = Self::new(&[Failed, Cancelled, Pending], Pending, "operator_retry").due(at);
        it.budget = Budget::Reset;
        it
    }

    /// The same step, with a fresh budget of retries.
    pub const fn renewed(mut self) -> Self {
        self.budget = Budget::Reset;
        self
    }

    /// An operator gives it a later time. Waiting for one costs no retry.
    pub const fn postpone(at: Timestamp) -> Self {
        Self::new(&[Pending, Queued], Pending, "postponed").due(at)
    }

    /// An operator gives the next try a later time. It costs no retry: that was spent when the try got its first one.
    pub const fn postpone_retry(at: Timestamp) -> Self {
        Self::new(&[Retrying], Retrying, "postponed").due(at)
    }

    /// An operator gives what is scheduled another time.
    pub const fn move_to(at: Timestamp) -> Self {
        Self::new(&[Pending], Pending, "moved").due(at)
    }

    /// An operator gives the next try another time, at no cost.
    pub const fn move_retry(at: Timestamp) -> Self {
        Self::new(&[Retrying], Retrying, "moved").due(at)
    }

    /// An operator does not let it wait for its time, or lets it wait for somebody else.
    pub const fn run_now() -> Self {
        Self::new(&[Pending, Queued, Retrying], Queued, "run_now")
    }

    /// An operator gives it up: to the dead letters.
    pub const fn bury() -> Self {
        let mut it = Self::new(&[Pending, Queued, Retrying], Failed, "buried");
        it.failure = Some(FailureReason::Buried);
        it.reason = Some(FailureReason::Buried.as_str());
        it
    }

    /// Edited before it was sent: due at once.
    pub const fn edit_now() -> Self {
        Self::new(&[Pending, Queued, Retrying], Queued, "edited")
    }

    /// Edited before it was sent: not before `at`.
    pub const fn edit_later(at: Timestamp) -> Self {
        let mut it = Self::new(&[Pending, Queued, Retrying], Pending, "edited");
        it.due_at = Some(at);
        it
    }

    /// A receipt confirmed what the provider took.
    pub const fn confirm() -> Self {
        let mut it = Self::new(&[Delivered], Delivered, "confirmed");
        it.proof = Some(DeliveryProof::Receipt);
        it
    }

    /// A receipt says that what the provider took did not arrive.
    pub const fn refute() -> Self {
        let mut it = Self::new(&[Delivered], Failed, "undelivered");
        it.failure = Some(FailureReason::Undelivered);
        it.reason = Some(FailureReason::Undelivered.as_str());
        it
    }

    /// A receipt says that an earlier attempt arrived: it is not sent again.
    pub const fn arrived() -> Self {
        let mut it = Self::new(&[Pending, Queued, Retrying], Delivered, "delivered");
        it.proof = Some(DeliveryProof::Receipt);
        it.reason = Some("receipt");
        it
    }

    /// A receipt says that the attempt for whose sake it was held did not arrive: the next candidate is tried at once, in
    /// the same cycle.
    pub const fn resume() -> Self {
        let mut it = Self::new(&[Pending], Queued, "resumed");
        it.reason = Some(Says::Undelivered.as_str());
        it
    }

    /// A receipt that changes nothing but the story.
    pub const fn hear(status: Status, heard: ReceiptStatus) -> Self {
        let from: &[Status] = match status {
            Pending => &[Pending],
            Queued => &[Queued],
            Sending => &[Sending],
            Retrying => &[Retrying],
            Delivered => &[Delivered],
            Failed => &[Failed],
            Cancelled => &[Cancelled],
        };
        let mut it = Self::new(from, status, "receipt");
        it.reason = Some(heard.as_str());
        it
    }

    /// The statuses it may start from; none for an acceptance.
    pub const fn from(&self) -> &'static [Status] {
        self.from
    }

    /// The status it leads to.
    pub const fn to(&self) -> Status {
        self.to
    }

    /// The event it writes, one word.
    pub const fn event(&self) -> &'static str {
        self.event
    }

    /// Why, one word.
    pub const fn reason(&self) -> Option<&'static str> {
        self.reason
    }

    /// When the notification is due next, for the statuses that wait for a time.
    pub const fn due_at(&self) -> Option<Timestamp> {
        self.due_at
    }

    /// Why it was given up.
    pub const fn failure(&self) -> Option<FailureReason> {
        self.failure
    }

    /// What proves the delivery.
    pub const fn proof(&self) -> Option<DeliveryProof> {
        self.proof
    }

    /// What the budget of retries does.
    pub const fn budget(&self) -> Budget {
        self.budget
    }

    /// Whether it may start from `status`.
    pub fn allows(&self, status: Status) -> bool {
        self.from.contains(&status)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn every() -> Vec<Transition> {
        let at = Timestamp::default();
        let mut all = vec![
            Transition::accept(),
            Transition::schedule(at),
            Transition::release(),
            Transition::claim(),
            Transition::deliver(),
            Transition::fail_over("transient"),
            Transition::retry_at(at, "transient"),
            Transition::hold_in_doubt(),
            Transition::hold_restored(),
            Transition::interrupted(),
            Transition::expire(),
            Transition::cancel(),
            Transition::operator_retry(),
            Transition::operator_retry_at(at),
            Transition::postpone(at),
            Transition::postpone_retry(at),
            Transition::move_to(at),
            Transition::move_retry(at),
            Transition::run_now(),
            Transition::bury(),
            Transition::edit_now(),
            Transition::edit_later(at),
            Transition::confirm(),
            Transition::refute(),
            Transition::arrived(),
            Transition::resume(),
        ];
        all.extend(FailureReason::ALL.iter().map(|why| Transition::fail(*why)));
        all.extend(SkipReason::ALL.iter().map(|why| Transition::hold(*why)));
        all
    }

    #[test]
    fn only_an_operator_or_a_receipt_leaves_a_final_status() {
        let leaves = |it: &Transition| it.from().iter().any(|from| from.is_final() && *from != it.to());
        let found: Vec<_> = every().into_iter().filter(leaves).collect();
        let retries = [Transition::operator_retry(), Transition::operator_retry_at(Timestamp::default())];
        let [now, later] = retries;
        assert_eq!(found, [now, later, Transition::refute()]);
    }

    #[test]
    fn what_is_only_heard_moves_nothing() {
        for (status, heard) in
            Status::ALL.iter().flat_map(|it| ReceiptStatus::ALL.iter().map(move |of| (*it, *of)))
        {
            let it = Transition::hear(status, heard);
            assert_eq!((it.from(), it.to()), ([status].as_slice(), status));
        }
    }

    #[test]
    fn only_a_claim_leads_to_sending_and_only_from_the_queue() {
        for it in every().into_iter().filter(|it| it.to() == Sending) {
            assert_eq!(it.from(), [Queued]);
        }
    }

    #[test]
    fn what_waits_for_a_time_has_one_and_what_failed_has_a_reason() {
        for it in every() {
            assert_eq!(it.failure().is_some(), it.to() == Failed, "{it:?}");
            if it.to() == Retrying {
                assert!(it.due_at().is_some(), "{it:?}");
            }
            let fails = it.to() == Retrying && it.allows(Sending);
            assert_eq!(it.budget() == Budget::Spend, fails, "{it:?}");
        }
    }

    #[test]
    fn nothing_is_revoked_once_it_is_being_sent() {
        assert!(!Transition::cancel().allows(Sending));
        assert!(!Transition::cancel().allows(Delivered));
        assert!(Transition::cancel().allows(Retrying));
    }
}
